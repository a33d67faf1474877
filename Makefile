# Thin names for dev.py. ARGS are passed on: make test ARGS="-k money"; make demo CATALOG=my.yaml
PYTHON ?= python3
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test serve lint format check docs bench proof mutation clean

help:
	@$(PYTHON) dev.py --help

demo serve:
	@$(PYTHON) dev.py $@ $(if $(CATALOG),--catalog $(CATALOG)) $(ARGS)

setup test lint format check docs bench proof mutation clean:
	@$(PYTHON) dev.py $@ $(ARGS)
