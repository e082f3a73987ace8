//! oath_card
