.PHONY: run test check soak bench
run test check soak bench:
	python3 dev.py $@
