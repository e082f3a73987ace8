//! Readers through the PC/SC service.
