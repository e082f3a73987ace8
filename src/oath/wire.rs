//! YKOATH bytes, pure.
