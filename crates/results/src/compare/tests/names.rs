//! Names in tables, whatever they hold.

use super::record;
use crate::compare::{Comparison, Format, formats};

#[test]
fn a_name_is_one_cell_and_gives_no_orders() {
    let found = [record("=a|b\n<img src=x>\u{1b}[31m", "rte", 1, Some(0.5)), record("n", "rte", 1, Some(0.75))];
    let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
    let of = |format| formats::render(&comparison, format).unwrap();
    for (format, row) in [
        (Format::Text, r"=a|b\n<img src=x>\u{1b}[31m  50.00"),
        (Format::Markdown, r"| =a\|b\\n&lt;img src=x&gt;\\u{1b}[31m | 50.00"),
        (Format::Latex, r"=a|b\textbackslash{}n<img src=x>\textbackslash{}u\{1b\}[31m & 50.00"),
    ] {
        let text = of(format);
        assert!(text.lines().any(|line| line.starts_with(row)), "{text}");
        assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
        assert!(format != Format::Markdown || !text.contains("<img"), "{text}");
    }
    // Quoted as RFC 4180 has it, and no formula; a number may begin as one does.
    let csv = of(Format::Csv);
    assert!(csv.contains("\n\"'=a|b\n<img src=x>\u{1b}[31m\",rte,accuracy,0.5,"), "{csv}");
}
