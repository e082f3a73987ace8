//! The root user's own factors: what no API registers, done in the console with glasskey at both ends of it.

mod login;

pub use login::{Answer, Login, Sight, login_check};
