//! ykman
