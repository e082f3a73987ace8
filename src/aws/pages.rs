//! Lists that come in pages, to their end.
//!
//! Each page names the next one by a token. A token that comes twice would lead round for ever: that is an error, and so
//! is a list that is longer than any of AWS's can be.

use super::call::Call;
use super::error::Error;
use std::collections::HashSet;

/// The largest organization has some thousand pages of accounts.
const MOST: usize = 20_000;

/// The way through one list.
#[derive(Debug)]
pub(super) struct Pages {
    call: Call,
    seen: HashSet<String>,
    next: Option<String>,
}

impl Pages {
    /// Before the first page.
    pub(super) fn of(call: Call) -> Self {
        Self { call, seen: HashSet::new(), next: None }
    }

    /// The token to ask for the page that is due; `None` for the first.
    pub(super) fn token(&self) -> Option<String> {
        self.next.clone()
    }

    /// As [`Pages::go_on`], where a page says by itself whether there is another. [`Error::Malformed`] where there is, and
    /// the page does not say which: what has been read is not the whole list.
    pub(super) fn go_on_where(&mut self, truncated: bool, token: Option<&str>) -> Result<bool, Error> {
        match token.filter(|token| !token.is_empty()) {
            None if truncated => Err(Error::Malformed { call: self.call }),
            token => self.go_on(token.filter(|_| truncated)),
        }
    }

    /// What a page says of the one after it: whether there is one. [`Error::Endless`] where it is one that has been read.
    pub(super) fn go_on(&mut self, token: Option<&str>) -> Result<bool, Error> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(false) };
        if self.seen.len() >= MOST || !self.seen.insert(token.to_owned()) {
            return Err(Error::Endless { call: self.call });
        }
        self.next = Some(token.to_owned());
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_comes_again_ends_it() {
        let call = Call::ListUsers;
        let mut pages = Pages::of(call);
        assert_eq!(pages.token(), None);
        assert_eq!((pages.go_on(Some("a")), pages.token()), (Ok(true), Some("a".to_owned())));
        assert_eq!(pages.go_on(Some("b")), Ok(true));
        assert_eq!(pages.go_on(Some("a")), Err(Error::Endless { call }));
        assert_eq!((pages.go_on(None), pages.go_on(Some(""))), (Ok(false), Ok(false)));
    }

    #[test]
    fn a_list_that_goes_on_nobody_knows_where_is_not_whole() {
        let call = Call::ListUsers;
        for token in [None, Some("")] {
            assert_eq!(Pages::of(call).go_on_where(true, token), Err(Error::Malformed { call }));
            assert_eq!(Pages::of(call).go_on_where(false, token), Ok(false));
        }
        assert_eq!(Pages::of(call).go_on_where(false, Some("a")), Ok(false));
        assert_eq!(Pages::of(call).go_on_where(true, Some("a")), Ok(true));
    }

    #[test]
    fn so_does_a_list_without_an_end() {
        let call = Call::ListAccounts;
        let mut pages = Pages::of(call);
        let end = (0..).find_map(|n: usize| pages.go_on(Some(&n.to_string())).err());
        assert_eq!(end, Some(Error::Endless { call }));
    }
}
