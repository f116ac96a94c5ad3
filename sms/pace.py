"""How fast messages go out: a token bucket in Redis for each carrier, counted in segments, for all senders together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis import Redis

from sms.choosing import Rate

_TAKE = """
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local rate, most, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local tokens = math.min(most, (tonumber(bucket[1]) or most) + (now - (tonumber(bucket[2]) or now)) * rate)
tokens = tokens - wanted
local wait = math.max(0, -tokens / rate)
if wait <= tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
  redis.call('EXPIRE', KEYS[1], 60)
end
return tostring(wait)
"""
"""Takes tokens even where there are too few, and says for how long to wait then: so whoever comes next waits longer.

Where that is too long nothing is taken.
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """So many segments a second through each carrier; after a pause, at most `burst_s` seconds' worth at once."""

    redis: Redis
    per_second: float
    burst_s: float = 1.0
    patience_s: float = 10.0
    _script: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_script", self.redis.register_script(_TAKE))

    def take(self, carrier: str, segments: int) -> float:
        """Take room for a message; for how many seconds to wait before it is handed over. Raises RedisError.

        More than `patience_s`: no room was taken, and it is not to be handed over then either.
        """
        most = max(1.0, self.per_second * self.burst_s)
        asked = [self.per_second, most, segments, self.patience_s]
        return float(self._script(keys=[f"stillhere:pace:{carrier}"], args=asked))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many messages each carrier was given in the last minutes, and how many of them it did not take."""

    redis: Redis
    minutes: int = 5

    def note(self, carrier: str, given: int, errors: int) -> None:
        """Count messages. Raises RedisError."""
        key = f"stillhere:tally:{carrier}:{int(time.time()) // 60}"
        with self.redis.pipeline() as pipe:
            pipe.hincrby(key, "given", given)
            pipe.hincrby(key, "errors", errors)
            pipe.expire(key, 60 * (self.minutes + 1))
            pipe.execute()

    def rates(self, carriers: Sequence[str]) -> dict[str, Rate]:
        """What was counted lately. Raises RedisError."""
        minute = int(time.time()) // 60
        found = {}
        for name in carriers:
            keys = [f"stillhere:tally:{name}:{minute - ago}" for ago in range(self.minutes)]
            rows: list[Any] = [self.redis.hmget(key, "given", "errors") for key in keys]
            given, errors = (sum(int(row[place] or 0) for row in rows) for place in (0, 1))
            found[name] = Rate(given, errors)
        return found
