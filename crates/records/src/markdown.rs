//! Texts in Markdown, shown letter for letter: with CommonMark's escapes (<https://spec.commonmark.org/0.31.2/#backslash-escapes>), and
//! those that tables and strike-through of GitHub need.

use crate::shown;

/// A text in a cell, a heading or a sentence: nothing in it is markup, HTML, a link, or the end of the cell.
#[must_use]
pub fn plain(text: &str) -> String {
    let letters: Vec<char> = shown(text).chars().collect();
    let is_of_word = |letter: Option<&char>| letter.is_some_and(|letter| letter.is_alphanumeric());
    let mut escaped = String::with_capacity(text.len());
    for (at, &letter) in letters.iter().enumerate() {
        let (before, after) = (at.checked_sub(1).and_then(|at| letters.get(at)), letters.get(at + 1));
        let is_markup = match letter {
            '\\' | '|' | '`' | '*' | '~' => true,
            // Within a word it is a letter.
            '_' => !(is_of_word(before) && is_of_word(after)),
            // The name of a link stands at the beginning of a line, and a link has its address right behind.
            '[' => before.is_none(),
            ']' => matches!(after, Some('(' | '[')),
            _ => false,
        };
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            letter if is_markup => escaped.extend(['\\', letter]),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A text as code, whatever it holds.
#[must_use]
pub fn code(text: &str) -> String {
    let text = shown(text);
    let longest = text.split(|letter: char| letter != '`').map(str::len).max().unwrap_or(0);
    let (fence, space) = ("`".repeat(longest + 1), if longest > 0 { " " } else { "" });
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        for (text, escaped) in [
            ("a|b", r"a\|b"),
            ("<img src=x>&lt;", "&lt;img src=x&gt;&amp;lt;"),
            ("**a** `b` ~~c~~", r"\*\*a\*\* \`b\` \~\~c\~\~"),
            ("_a_ b", r"\_a\_ b"),
            ("see [x](https://example.org)", r"see [x\](https://example.org)"),
            ("![x][y]", r"![x\][y]"),
            ("[x]", r"\[x]"),
            ("a\nb\u{1b}", r"a\\nb\\u{1b}"),
            (r"C:\m", r"C:\\m"),
        ] {
            assert_eq!(plain(text), escaped);
        }
    }

    #[test]
    fn usual_names_stay_as_they_are() {
        for name in [
            "organisation/a-model_v1.5 (learning_rate=0.00005)",
            "rte (test[:30]+test[-30:]; 60 of 277 rows)",
            "bert [some README]: https://example.org/a_b?c=d#e",
            "+1.20",
            "-",
            "Ölçüm 5 %",
        ] {
            assert_eq!(plain(name), name);
        }
    }

    #[test]
    fn code_holds_anything() {
        assert_eq!(code("./my_model"), "`./my_model`");
        assert_eq!(code("a`b``<i>"), "``` a`b``<i> ```");
        assert_eq!(code("a\nb"), r"`a\nb`");
    }
}
