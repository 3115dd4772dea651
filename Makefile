# SPDX-License-Identifier: Apache-2.0
# The front door. Everything behind it is meson, ninja and tools/; `make demo` and `make check` are all a newcomer needs.
.DEFAULT_GOAL := help
.PHONY: help demo demo-clean install build quick check deep san fuzz lint fmt cover mutate bench doc trace arm64 package
MAKEFLAGS += --no-print-directory

help:            ## this list
	@sed -n 's/^\([a-z-]*\): *## /  make \1\t/p; s/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | sort -u | expand -t 20
	@printf '\n'; printf '  %s\n' 'tools/check SET PART...   only these parts of check, quick, deep or san; without words it lists them' \
		'tools/device              one device to play with, and the lines that put a debugger on its roles'
demo:            ## install what is needed, build, and run the whole story on this machine
	@test -x /usr/bin/python3 || tools/install-packages build
	@tools/demo
demo-clean:      ## undo everything the demo did
	@tools/demo --clean
install:         ## install the packages that building and testing need and that are missing
	@tools/install-packages build tests "lint and sanitizers" documents
build:           ## the development build, in build/
	@tools/build dev
quick:           ## the inner loop: build, unit tests, lint of what changed (fails over 90 seconds)
	@tools/check quick
check:           ## everything CI runs, within the ceilings of test/parts.tsv
	@tools/check check
deep:            ## check, and what is too long for it: every place to fail or to cut the power, fuzz search, coverage, mutants
	@tools/check deep
san:             ## unit, behaviour and HTTP tests again under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/check san
fuzz:            ## 60 seconds of libFuzzer per target
	@tools/fuzz
lint:            ## layers, symbols, limits, format, spelling
	@tools/lint
fmt:             ## format the C files that changed since main
	@tools/fmt
cover:           ## line and branch coverage per folder, of unit tests and of the real programs in their sandboxes; floors
	@tools/cover
mutate:          ## make our C worse in thousands of places, see which of them no unit test notices (an hour; then from memory)
	@tools/mutate
bench:           ## memory, size, start, wakeups and processor time, beside other programs; BENCH_SAVE=1 keeps the figures and draws them
	@tools/bench
doc:             ## the pages people read, from the rows, into build/doc
	@tools/install-packages documents >/dev/null
	@tools/doc
trace:           ## element -> code -> test -> probe -> document
	@tools/trace
arm64:           ## cross-build for 64-bit Arm, and its unit tests in qemu-user
	@tools/install-packages build tests arm64
	@tools/build arm64
	@tools/run-tests dirs test/arm64
package:         ## the Debian packages, into build/package
	@tools/package
