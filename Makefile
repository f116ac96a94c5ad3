# Two commands: make demo, make test. The rest is for those who work on the house.
PYTHON ?= python3
BEGAN := $(shell date +%s)
BIN := .venv/bin

.PHONY: demo test check format train bench soak lock

demo: .venv/serving
	$(BIN)/python -m ops.demo --began $(BEGAN) $(if $(ONCE),--once) $(if $(VOICES),--voices $(VOICES))

test: .venv/test
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile

format: .venv/test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Both models and the prompts, from ../shared/data and espeak-ng; resumable. `speech train` took 17 minutes
# on a GPU and 16 cores; on two cores it should take eight hours.
train: .venv/training
	$(BIN)/stillhere speech train
	$(BIN)/stillhere speech conditions --count 60 build/tuning
	$(BIN)/stillhere speech calibrate --model build/speech/model build/tuning
	$(BIN)/stillhere speech choose --model build/speech/model build/speech/choice.json
	$(BIN)/stillhere voiceprint train
	$(BIN)/stillhere voiceprint export
	$(BIN)/stillhere voiceprint quantise
	$(BIN)/stillhere voiceprint cohort
	$(BIN)/stillhere voiceprint calibrate
	$(BIN)/stillhere voiceprint countermeasure
	$(BIN)/stillhere prompts build

bench: .venv/test
	OMP_NUM_THREADS=1 $(BIN)/python -m ops.bench

# Kills the comparison at points of chance, 50 times on both databases in turn, and 50 times the processes of the text
# line during a campaign of 5,000 people on each; the tests do both in three rounds.
soak: .venv/test
	SOAK_ROUNDS=25 $(BIN)/python -m pytest --timeout 3600 tests/certification/test_comparison_killed.py
	SOAK_ROUNDS=2 SOAK_PEOPLE=5000 SOAK_KILLS=50 $(BIN)/python -m pytest --timeout 3600 tests/sms/test_soak.py

# Names, versions and hashes only; run with uv on the PATH, never needed to run or test.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements/serving.txt
	uv pip compile pyproject.toml --group test --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements/serving.txt -o requirements/test.txt

.venv/made:
	$(PYTHON) -m venv .venv
	touch $@

.venv/serving: .venv/made requirements/serving.txt requirements/voice.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/serving.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/voice.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/test: .venv/serving requirements/test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	touch $@

.venv/training: .venv/test requirements/training.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/training.txt
	touch $@
