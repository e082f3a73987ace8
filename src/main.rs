//! The `glasskey` command. Hardens the process before anything secret can be in it, then hands over to the library.

use std::process::ExitCode;

/// Every freed block is wiped: the SDK, its HTTP client and its TLS buffers hold a seed for a moment.
#[global_allocator]
static ALLOCATOR: glasskey::secret::WipingAllocator = glasskey::secret::WipingAllocator;

fn main() -> ExitCode {
    glasskey::secret::harden();
    glasskey::secret::unset_empty_variables();
    glasskey::run(std::env::args_os())
}
