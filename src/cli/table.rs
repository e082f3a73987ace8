//! Tables for people.

use super::page::{Page, displayed};
use unicode_width::UnicodeWidthStr;

/// Columns as wide as their widest cell, two blanks between them and none at the end of a line. The first row is the
/// head.
pub(super) fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> Page {
    let width = |cell: &String| displayed(cell).width();
    let widths = rows.iter().fold([0; COLUMNS], |mut widths, line| {
        for (widest, cell) in widths.iter_mut().zip(line) {
            *widest = width(cell).max(*widest);
        }
        widths
    });
    let written = rows.iter().map(|line| {
        let cells = line.iter().zip(widths).map(|(cell, widest)| {
            // What is written out is longer than what it stands for, and is written out by the page.
            format!("{cell}{}", " ".repeat(widest.saturating_sub(width(cell))))
        });
        cells.collect::<Vec<_>>().join("  ").trim_end_matches(' ').to_owned()
    });
    written.collect()
}
