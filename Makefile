# Two commands for a machine that has only Debian and Rust on it:
#   make demo   the whole story, with software keys and a simulated AWS
#   make test   everything that is checked before a change is taken
# Both install the Debian packages they miss, and say which (scripts/prepare).
#
# A part of it:
#   make test-report   the audit's HTML report in headless Chromium
#   make house         how large files and functions are and which know each other in a circle; fails over a limit
#   make test-kernel   keys on real hidraw, in a kernel that is built once and kept in ~/.cache/glasskey
#   make test-packages the Debian package, installed, used and removed in a clean Debian
#
# And for packaging:
#   make man completions   target/man/*.1, and target/completions/ for bash, zsh and fish
#   make deb archive       target/dist/*.deb, and the same as a .tar.gz (.zip on Windows)
#   make deny              the licences, known flaws and sources of what it is built from, by cargo-deny

.PHONY: demo test house test-report test-kernel on-the-kernel test-packages in-a-clean-debian man completions deb archive deny

COMMANDS = keys enroll recover devices session drill rotate resync retire oath fido piv root doctor simulate demo completions

demo:
	@scripts/prepare demo
	cargo run --quiet -- demo

test:
	@scripts/prepare test
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	# Where there is no PC/SC: the software keys do without.
	cargo clippy --no-default-features -- -D warnings
	# Most tests wait: for a key gone silent, for STS, for a process that ends.
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$$((4 * $$(nproc)))} cargo test
	@$(MAKE) --no-print-directory house
	# Keys on real hidraw. Where their kernel cannot be built this says why, and is an error where CI=true.
	@if tests/kernel/build --possible; then $(MAKE) --no-print-directory on-the-kernel; \
	else echo "glasskey: NOT RUN: the tests on the test kernel" >&2; [ "$$CI" != true ]; fi
	# As root alone, with a mirror of Debian's.
	@if scripts/try-deb --possible; then $(MAKE) --no-print-directory in-a-clean-debian; \
	else echo "glasskey: NOT RUN: the package in a clean Debian" >&2; [ "$$CI" != true ]; fi

house:
	cargo test --quiet --test tests -- --ignored --exact arrows::house::house --nocapture

test-report:
	@scripts/prepare test
	cargo test --test tests -- audit::browser

test-kernel:
	@scripts/prepare test
	@$(MAKE) --no-print-directory on-the-kernel

on-the-kernel:
	cargo test --test tests -- --ignored --exact kernel::on_the_test_kernel --nocapture

test-packages:
	@scripts/prepare test
	cargo build
	@$(MAKE) --no-print-directory in-a-clean-debian

# The program of the tests, which is not optimized, stands for the one that is released.
in-a-clean-debian:
	rm -rf target/dist
	scripts/package deb target/debug/glasskey
	rm -rf target/first && mv target/dist target/first
	scripts/package deb target/debug/glasskey
	# Made twice, it is the same to the byte.
	diff --recursive target/first target/dist
	scripts/try-deb

man:
	@mkdir -p target/man
	cargo run --quiet -- man >target/man/glasskey.1
	for command in $(COMMANDS); do cargo run --quiet -- man $$command >target/man/glasskey-$$command.1 || exit; done

completions:
	@mkdir -p target/completions
	cargo run --quiet -- completions bash >target/completions/glasskey.bash
	cargo run --quiet -- completions zsh >target/completions/_glasskey
	cargo run --quiet -- completions fish >target/completions/glasskey.fish

deb archive:
	@scripts/prepare package
	scripts/package $@

# Needs cargo-deny: cargo install --locked cargo-deny
deny:
	cargo deny --locked check
