"""A telephone switch that speaks TwiML and Media Streams as Twilio does: the caller of our tests and demonstrations."""

from ops.switch.call import Call
from ops.switch.switch import Phone, Switch
from ops.switch.transcript import Line, NotHeard

__all__ = ["Call", "Line", "NotHeard", "Phone", "Switch"]
