//! card_server
