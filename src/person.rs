//! The person at the terminal, as a trait. "Nobody can be asked" is one of the answers, never a hang.
