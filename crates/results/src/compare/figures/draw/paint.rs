//! Colours, dashes and markers.
//!
//! The library that draws knows fixed colours only. So a chart is drawn in marks, colours that stand for a role, and these
//! become variables of the page's style sheet, which follow its light or dark theme, or the light colours in a file of its
//! own. A mark also carries the dashes of a line.

use plotters::style::RGBColor;

/// How many colours there are.
const COLOURS: usize = 8;

/// Each in the light and the dark theme: after Okabe and Ito, <https://jfly.uni-koeln.de/color/>, darkened or lightened until
/// they stand out from their background by 3 to 1, as WCAG 2.2 asks of graphics.
const SERIES: [(&str, &str); COLOURS] = [
    ("#0072b2", "#56b4e9"),
    ("#c44d00", "#ff9a56"),
    ("#007a55", "#3fd0a0"),
    ("#a8488a", "#eb9ccb"),
    ("#8a6500", "#f0d442"),
    ("#3a3f9e", "#a9b1ff"),
    ("#5b5b66", "#c3c3cf"),
    ("#b3123d", "#ff8095"),
];

/// What else a chart is drawn in, with its name on the page and its light and dark colours.
const ROLES: [(&str, &str, &str); 3] =
    [("ink", "#1b1b22", "#ececf2"), ("muted", "#53535f", "#b2b2be"), ("grid", "#dcdce4", "#3a3a44")];

/// Dashes and gaps of lines, in units of a chart; the first is solid.
const DASHES: [&str; 4] = ["", "60 30", "20 25", "80 25 20 25"];

/// A role other than a series.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    Ink = 0,
    Muted = 1,
    Grid = 2,
}

/// How a model looks in every chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    colour: usize,
    dash: usize,
    pub(super) marker: usize,
}

impl Look {
    /// The look of a place in a list. Neighbours differ in colour, dashes and marker; 32 differ in colour or dashes.
    pub(crate) fn of(place: usize) -> Self {
        Self { colour: place % COLOURS, dash: (place + place / COLOURS) % DASHES.len(), marker: place }
    }

    /// For areas and markers.
    pub(super) fn fill(self) -> RGBColor {
        RGBColor(MARK, 0, self.colour as u8)
    }

    /// For lines.
    pub(super) fn line(self) -> RGBColor {
        RGBColor(MARK, self.dash as u8, self.colour as u8)
    }
}

/// The red of all marks.
const MARK: u8 = 0xA0;
/// The green of roles, where series have their dashes.
const ROLE: u8 = 0xF0;

pub(super) fn role(role: Role) -> RGBColor {
    RGBColor(MARK, ROLE, role as u8)
}

/// Where a chart goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChartMedium {
    /// A page, whose style sheet has the colours.
    Page,
    /// A file of its own, in the light colours.
    File,
}

/// Puts colours in place of marks.
pub(super) fn paint(svg: &str, medium: ChartMedium) -> String {
    let mut painted = String::with_capacity(svg.len());
    let mut rest = svg;
    while let Some(at) = rest.find("\"#A0") {
        let (before, from) = rest.split_at(at);
        painted.push_str(before);
        let mark = from.get(4..8).and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let Some(mark) = mark else {
            painted.push_str(&from[..4]);
            rest = &from[4..];
            continue;
        };
        let (kind, number) = ((mark >> 8) as usize, (mark & 0xFF) as usize);
        let (name, light, dash) = if kind == usize::from(ROLE) {
            let (name, light, _) = ROLES[number % ROLES.len()];
            (name.to_owned(), light, "")
        } else {
            (format!("s{}", number % COLOURS), SERIES[number % COLOURS].0, DASHES[kind % DASHES.len()])
        };
        match medium {
            ChartMedium::Page => painted.push_str(&format!("\"var(--{name})\"")),
            ChartMedium::File => painted.push_str(&format!("\"{light}\"")),
        }
        if !dash.is_empty() {
            painted.push_str(&format!(" stroke-dasharray=\"{dash}\""));
        }
        rest = from.get(9..).unwrap_or_default();
    }
    painted + rest
}

/// The colours as variables of a style sheet, light and dark.
pub(crate) fn variables() -> [String; 2] {
    let all = || {
        let series = SERIES.iter().enumerate().map(|(at, (light, dark))| (format!("s{at}"), *light, *dark));
        series.chain(ROLES.iter().map(|(name, light, dark)| ((*name).to_owned(), *light, *dark)))
    };
    [
        all().map(|(name, light, _)| format!("--{name}:{light};")).collect(),
        all().map(|(name, _, dark)| format!("--{name}:{dark};")).collect(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_variables_or_colours() {
        let svg = "<line stroke=\"#A0F002\"/><polyline stroke=\"#A00101\"/><text fill=\"#A0F000\">\"#A0zz\"</text>";
        assert_eq!(
            paint(svg, ChartMedium::Page),
            "<line stroke=\"var(--grid)\"/><polyline stroke=\"var(--s1)\" stroke-dasharray=\"60 30\"/>\
             <text fill=\"var(--ink)\">\"#A0zz\"</text>"
        );
        assert!(
            paint(svg, ChartMedium::File).starts_with("<line stroke=\"#dcdce4\"/><polyline stroke=\"#c44d00\" stroke-")
        );
    }

    #[test]
    fn thirty_models_look_different() {
        let looks: Vec<Look> = (0..32).map(Look::of).collect();
        for (at, look) in looks.iter().enumerate() {
            assert!(!looks[..at].iter().any(|other| (other.colour, other.dash) == (look.colour, look.dash)), "{at}");
        }
    }

    /// <https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>
    #[test]
    fn colours_stand_out_from_their_background() {
        let luminance = |hex: &str| {
            let channel = |at: usize| {
                let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let contrast = |a: &str, b: &str| {
            let (a, b) = (luminance(a), luminance(b));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for (light, dark) in SERIES {
            assert!(contrast(light, "#ffffff") >= 3.0 && contrast(dark, "#14141a") >= 3.0, "{light} {dark}");
        }
        for (name, light, dark) in &ROLES[..2] {
            assert!(contrast(light, "#ffffff") >= 4.5 && contrast(dark, "#14141a") >= 4.5, "{name}");
        }
    }
}
