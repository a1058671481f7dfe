//! Text as people see it: what a terminal would obey, or no eye sees, is shown by its escape.

use std::borrow::Cow;

/// Whether a character acts on a terminal, or on the order and the lines of what stands around it, in place of being seen: control
/// characters, line separators, the marks of bidirectional text
/// (<https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>), and those without a width, by which two names differ that
/// look alike. Joiners belong to the spelling of some scripts, and stay.
pub(crate) fn is_hidden(letter: char) -> bool {
    let is_mark = ['\u{61c}', '\u{200e}', '\u{200f}'].contains(&letter);
    let has_no_width = ['\u{ad}', '\u{180e}', '\u{200b}', '\u{feff}'].contains(&letter);
    let is_in_line = has_no_width || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
    letter.is_control() || is_mark || is_in_line
}

/// A text in one line, as a name or a cell has it: tabs and line breaks as `\t` and `\n`, other hidden characters as `\u{1b}`. What is
/// printable stays as it is, in any script.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    without(text, is_hidden)
}

/// The same of whole messages, which have tabs and line breaks of their own.
#[must_use]
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    without(text, |letter| is_hidden(letter) && letter != '\n' && letter != '\t')
}

fn without(text: &str, is_escaped: fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_escaped(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_escaped_and_what_is_seen_stays() {
        assert_eq!(shown("a\tb\nc\r\u{1b}[31md\u{0}"), r"a\tb\nc\r\u{1b}[31md\u{0}");
        assert_eq!(shown("\u{9b}31m\u{202e}a\u{2066}\u{200f}\u{2028}"), r"\u{9b}31m\u{202e}a\u{2066}\u{200f}\u{2028}");
        assert_eq!(shown("en\u{200b}tailment\u{feff}\u{ad}\u{2060}"), r"en\u{200b}tailment\u{feff}\u{ad}\u{2060}");
        for text in [
            "",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            r"C:\n",
            "ölçüm 'a' \"b\"",
            "日本語 عربي 😀",
            "no\u{a0}break",
        ] {
            assert!(matches!(shown(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn messages_keep_their_lines() {
        assert_eq!(shown_lines("error: a\n\tb\u{7}"), "error: a\n\tb\\u{7}");
    }
}
