//! Elements of the page.

use crate::compare::escape::escaped;
use crate::compare::shown::{Cell, Form, Number, Table};

/// What stands where there is no number.
pub(super) const NOTHING: &str = "<td class=\"none\"><span title=\"unknown, undefined or not run\">–</span></td>";

/// A number in a text, with all its digits beside it.
pub(super) fn number(Number { value, form }: Number) -> String {
    format!("<span data-value=\"{}\">{}</span>", exact(value, form), form.text(value))
}

/// The number as JSON has it.
fn exact(value: f64, form: Form) -> String {
    if matches!(form, Form::Count | Form::Megabytes | Form::Millions) && value.fract() == 0.0 {
        return format!("{value:.0}");
    }
    serde_json::Number::from_f64(value).map_or_else(String::new, |number| number.to_string())
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Nothing => NOTHING.to_owned(),
        Cell::Text(text) => format!("<td>{}</td>", escaped(text)),
        Cell::Number(Number { value, form }) => {
            format!("<td class=\"n\" data-value=\"{}\">{}</td>", exact(*value, *form), form.text(*value))
        }
        Cell::List(list) => {
            let items: Vec<String> =
                list.iter().map(|(words, of)| format!("{}{}", escaped(words), number(*of))).collect();
            format!("<td>{}</td>", items.concat())
        }
    }
}

fn name(cell: &Cell) -> String {
    let text = match cell {
        Cell::Text(text) => breakable(text),
        Cell::Number(of) => number(*of),
        Cell::Nothing | Cell::List(_) => String::new(),
    };
    format!("<th scope=\"row\">{text}</th>")
}

/// A name that may go on in the next line where its parts end, rather than anywhere.
pub(super) fn breakable(name: &str) -> String {
    escaped(name).replace('/', "/<wbr>").replace('_', "_<wbr>").replace('=', "=<wbr>")
}

/// What is said above a table on a phone where the page's script cannot count the columns that are out of sight.
const HINT: &str = "<p class=\"hint\">Columns may go on at the right: scroll.</p>";

/// A table in a region that scrolls by itself, also by keyboard.
pub(super) fn scrolling(label: &str, table: &str) -> String {
    format!(
        "{HINT}\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n{table}</div>\n",
        escaped(label)
    )
}

/// A table with its caption. `sortable`: the page's script lets its headers be clicked.
pub(super) fn table(caption: &str, data: &Table, sortable: bool) -> String {
    let class = if sortable { " class=\"sortable\"" } else { "" };
    let mut html = format!("<table{class}><caption>{}</caption>\n<thead><tr>", escaped(caption));
    for (place, title) in data.header.iter().enumerate() {
        let is_text = |row: &Vec<Cell>| matches!(row.get(place), Some(Cell::Text(_) | Cell::List(_)));
        let class = if place < data.names || data.rows.iter().any(is_text) { "" } else { " class=\"n\"" };
        html.push_str(&format!("<th scope=\"col\"{class}>{}</th>", escaped(title)));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &data.rows {
        html.push_str("<tr>");
        for (place, of) in row.iter().enumerate() {
            html.push_str(&if place < data.names { name(of) } else { cell(of) });
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table>\n");
    scrolling(caption, &html)
}

/// Something that is opened by a click, or Enter.
pub(super) fn details(summary: &str, content: &str) -> String {
    format!("<details><summary>{}</summary>\n{content}</details>\n", escaped(summary))
}

/// A part of the page with a heading, which is a link to itself.
pub(super) fn section(id: &str, title: &str, content: &str) -> String {
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\"><a href=\"#{id}\">{title}</a></h2>\n{content}</section>\n"
    )
}

/// A paragraph of plain text.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escaped(text))
}

/// An address as a link where it is one of the web, else as text: nothing else may be followed.
pub(super) fn link(address: &str) -> String {
    let text = escaped(address);
    if ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme)) {
        format!("<a href=\"{text}\" rel=\"noreferrer\">{text}</a>")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_all_their_digits() {
        let of = |value, form| number(Number { value, form });
        assert_eq!(of(0.725_490_196_078_431_3, Form::Percent), "<span data-value=\"0.7254901960784313\">72.55</span>");
        assert_eq!(of(22_713_986.0, Form::Millions), "<span data-value=\"22713986\">22.7</span>");
        assert_eq!(of(3.0, Form::Count), "<span data-value=\"3\">3</span>");
    }

    #[test]
    fn names_break_where_their_parts_end() {
        assert_eq!(breakable("a/b_c (x=1) <i>'"), "a/<wbr>b_<wbr>c (x=<wbr>1) &lt;i&gt;&#39;");
    }

    #[test]
    fn only_the_web_is_linked_to() {
        assert!(link("https://a.example/?x=1&y").starts_with("<a href=\"https://a.example/?x=1&amp;y\" rel"));
        assert_eq!(link("javascript:alert(1)"), "javascript:alert(1)");
        assert_eq!(link("<b>"), "&lt;b&gt;");
    }
}
