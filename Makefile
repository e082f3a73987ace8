# Two commands for a machine that has only Debian and Rust on it:
#   make demo   the whole story, with software keys and a simulated AWS
#   make test   everything that is checked before a change is taken
# Both install the Debian packages they miss, and say which (scripts/prepare).
# A part of the latter by itself:
#   make test-kernel   keys on real hidraw, in a kernel that is built once and kept in ~/.cache/glasskey

.PHONY: demo test test-kernel

demo:
	@scripts/prepare demo
	cargo run --quiet -- demo

test:
	@scripts/prepare test
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	# Where there is no PC/SC: the software keys do without.
	cargo clippy --no-default-features -- -D warnings
	cargo test
	@$(MAKE) --no-print-directory test-kernel

test-kernel:
	@scripts/prepare kernel
	cargo test --test tests -- --ignored --exact kernel::on_the_test_kernel --nocapture
