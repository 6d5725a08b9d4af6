# make demo | test | lint | docs | bench | clean
# Each does its own set-up, from a bare Debian-like machine on: see .ci/setup.
# PYTHON=/path/to/python3.x chooses the Python of the virtual environment; ARGS="-k ramp" goes to pytest,
# ARGS="--data FOLDER --large" to the benchmarks (see docs/performance.md).

.PHONY: demo test lint docs bench clean
export PYTHON
python := .venv/bin/python

demo:
	@.ci/setup demo
	@.venv/bin/napari-defocus demo --output demo_results --overwrite

test:
	@.ci/setup test
	@.ci/test $(ARGS)

lint:
	@.ci/setup test
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
	QT_QPA_PLATFORM=offscreen .venv/bin/npe2 validate --imports napari.yaml

# Writes site/index.html. The variable keeps back a notice of the theme's authors, which is for maintainers.
docs:
	@.ci/setup demo
	@NO_MKDOCS_2_WARNING=1 $(python) -m mkdocs build --strict
	@echo "The documentation is in site/index.html"

bench:
	@.ci/setup demo
	@$(python) -m benchmarks $(ARGS)

clean:
	rm -rf build dist site demo_results .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +
