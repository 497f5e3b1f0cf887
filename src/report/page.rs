//! A page of terminal text under construction: wraps, indents, colors, and
//! escapes whatever is put on it.

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table};

use super::text::{terminal, width, wrap};
use crate::model::rule::Severity;

/// The weight of a word, shown as color where color is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// Stands out.
    Strong,
    /// Bad.
    Bad,
    /// Doubtful.
    Doubtful,
    /// Good.
    Good,
}

impl Tone {
    fn codes(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\u{1b}[1m",
            Self::Bad => "\u{1b}[1;31m",
            Self::Doubtful => "\u{1b}[33m",
            Self::Good => "\u{1b}[32m",
        }
    }

    fn color(self) -> Option<Color> {
        match self {
            Self::Plain | Self::Strong => None,
            Self::Bad => Some(Color::Red),
            Self::Doubtful => Some(Color::Yellow),
            Self::Good => Some(Color::Green),
        }
    }

    /// The tone of a severity.
    pub fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical | Severity::High => Self::Bad,
            Severity::Medium => Self::Doubtful,
            Severity::Low | Severity::Info => Self::Plain,
        }
    }
}

/// Collects lines. Color codes are always in it; the stream that prints it takes them out
/// where they are not wanted.
#[derive(Debug)]
pub struct Page {
    width: usize,
    text: String,
}

impl Page {
    /// An empty page of so many columns.
    pub fn new(width: usize) -> Self {
        Self {
            width: width.max(40),
            text: String::new(),
        }
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line that stands out.
    pub fn heading(&mut self, text: &str) {
        self.block("", "", text, Tone::Strong);
    }

    /// Text, indented by so many columns.
    pub fn paragraph(&mut self, indent: usize, text: &str) {
        let pad = " ".repeat(indent);
        self.block(&pad, &pad, text, Tone::Plain);
    }

    /// A line to be copied: never broken, however narrow the page is.
    pub fn verbatim(&mut self, indent: usize, text: &str) {
        let pad = " ".repeat(indent);
        self.push(&pad, &terminal(text), Tone::Plain, "");
    }

    /// Text behind a label; further lines are indented as far as the label's column plus two.
    pub fn labeled(&mut self, indent: usize, label: &str, tone: Tone, text: &str) {
        let pad = " ".repeat(indent);
        let label = terminal(label);
        let lines = wrap(
            &format!("{label} {}", terminal(text)),
            self.width.saturating_sub(indent + 2),
        );
        for (index, line) in lines.iter().enumerate() {
            match (index, line.strip_prefix(label.as_str())) {
                (0, Some(rest)) => self.push(&pad, &label, tone, rest),
                (0, None) => self.push(&pad, line, tone, ""),
                _ => self.push(&format!("{pad}  "), "", Tone::Plain, line),
            }
        }
    }

    /// A source text behind its line numbers; what is wider is broken, and what is longer than
    /// `most` rows is cut, with a word on how much is left.
    pub fn quote(&mut self, indent: usize, first_line: usize, text: &str, most: usize) {
        let lines: Vec<String> = dedented(text);
        let digits = (first_line + lines.len()).to_string().len();
        let room = self.width.saturating_sub(indent + digits + 3);
        let mut rows = Vec::new();
        for (offset, line) in lines.iter().enumerate() {
            let lead = line.chars().take_while(|c| *c == ' ').count().min(16);
            let wrapped = wrap(&terminal(line.trim_start()), room.saturating_sub(lead));
            for (index, piece) in wrapped.into_iter().enumerate() {
                let number = if index == 0 {
                    (first_line + offset).to_string()
                } else {
                    String::new()
                };
                rows.push((number, format!("{}{piece}", " ".repeat(lead))));
            }
        }
        let pad = " ".repeat(indent);
        for (number, row) in rows.iter().take(most) {
            self.push(&format!("{pad}{number:>digits$} | "), row, Tone::Plain, "");
        }
        let left = rows.len().saturating_sub(most);
        if left > 0 {
            let more = format!("... {left} more rows (--format json has them)");
            self.push(&format!("{pad}{:digits$} | ", ""), &more, Tone::Plain, "");
        }
    }

    /// One line of a source behind its number, and a caret below the column (from one, counted
    /// in characters); of a line that is too wide the part around the column is shown.
    pub fn caret(&mut self, line: usize, column: usize, text: &str, tone: Tone) {
        let digits = line.to_string().len();
        let room = self.width.saturating_sub(digits + 4).max(8);
        let (shown, offset) = window(text, column, room);
        let blank = " ".repeat(digits);
        self.push(&format!("{blank} |"), "", Tone::Plain, "");
        self.push(&format!("{line} | "), &shown, Tone::Plain, "");
        let lead = format!("{blank} | {}", " ".repeat(offset));
        self.push(&lead, "^", tone, "");
    }

    /// A list item.
    pub fn item(&mut self, indent: usize, text: &str) {
        let pad = " ".repeat(indent);
        self.block(&format!("{pad}- "), &format!("{pad}  "), text, Tone::Plain);
    }

    /// The table of the ways out: the path, then how many accounts each answer has.
    pub fn paths(&mut self, rows: &[Vec<(String, Tone)>]) {
        let header = [
            "way out",
            "blocked",
            "open to some",
            "open",
            "could not tell",
        ];
        self.table(&header, rows, &[0]);
    }

    /// A table of short cells; columns named in `whole` are never broken, and left out from the
    /// last on where the page is too narrow for them.
    pub fn table(&mut self, header: &[&str], rows: &[Vec<(String, Tone)>], whole: &[usize]) {
        let mut columns = header.len();
        while columns > 2 && table_width(header, rows, columns) > self.width {
            columns -= 1;
        }
        let header: Vec<&str> = header.iter().take(columns).copied().collect();
        let whole: Vec<usize> = whole
            .iter()
            .copied()
            .filter(|column| *column < columns)
            .collect();
        let rows = rows.iter().map(|row| row.iter().take(columns));
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(self.width).unwrap_or(u16::MAX))
            .enforce_styling()
            .set_header(
                header
                    .iter()
                    .map(|name| Cell::new(name).add_attribute(Attribute::Bold)),
            );
        for row in rows {
            table.add_row(row.map(|(text, tone)| {
                let cell = Cell::new(terminal(text));
                match tone.color() {
                    Some(color) => cell.fg(color),
                    None => cell,
                }
            }));
        }
        for index in whole {
            if let Some(column) = table.column_mut(index) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        self.text.push_str(&table.to_string());
        self.text.push('\n');
    }

    /// The finished text.
    pub fn finish(self) -> String {
        self.text
    }

    fn block(&mut self, first: &str, further: &str, text: &str, tone: Tone) {
        let lines = wrap(
            &terminal(text),
            self.width.saturating_sub(first.chars().count()),
        );
        for (index, line) in lines.iter().enumerate() {
            self.push(if index == 0 { first } else { further }, line, tone, "");
        }
    }

    fn push(&mut self, pad: &str, toned: &str, tone: Tone, rest: &str) {
        self.text.push_str(pad);
        if tone == Tone::Plain {
            self.text.push_str(toned);
        } else {
            self.text.push_str(tone.codes());
            self.text.push_str(toned);
            self.text.push_str("\u{1b}[0m");
        }
        self.text.push_str(rest);
        self.text.push('\n');
    }
}

/// A number of things, in words.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Lines without the indentation that all but the first share; tabs become four blanks.
fn dedented(text: &str) -> Vec<String> {
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.replace('\t', "    "))
        .collect();
    let blanks = |line: &String| line.chars().take_while(|c| *c == ' ').count();
    let rest = lines.iter().skip(1).filter(|line| !line.trim().is_empty());
    let shared = rest.map(blanks).min().unwrap_or(0);
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let cut = if index == 0 {
                0
            } else {
                shared.min(blanks(line))
            };
            line.get(cut..).unwrap_or_default().to_owned()
        })
        .collect()
}

/// The part of a line around a column that fits into `room`, made harmless, and how many
/// columns of the terminal stand before the column's character in it.
fn window(text: &str, column: usize, room: usize) -> (String, usize) {
    let safe = |c: char| terminal(&c.to_string().replace('\t', " "));
    let cells: Vec<String> = text.chars().map(safe).collect();
    let at = column.saturating_sub(1).min(cells.len());
    let wide = |cells: &[String]| cells.iter().map(|cell| width(cell)).sum::<usize>();
    let before = cells.get(..at).unwrap_or_default();
    // As much as fits before the column, at most a third of the room.
    let limit = if wide(&cells) <= room { room } else { room / 3 };
    let mut start = before.len();
    while start > 0 && wide(before.get(start - 1..).unwrap_or_default()) <= limit {
        start -= 1;
    }
    let mut end = start;
    while end < cells.len() && wide(cells.get(start..=end).unwrap_or_default()) <= room {
        end += 1;
    }
    let shown = cells.get(start..end).unwrap_or_default().concat();
    let offset = wide(cells.get(start..at).unwrap_or_default());
    (shown, offset.min(room.saturating_sub(1)))
}

/// Columns of the terminal that a table takes with its first so many columns whole.
fn table_width(header: &[&str], rows: &[Vec<(String, Tone)>], columns: usize) -> usize {
    (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells
                .map(|(text, _)| width(&terminal(text)))
                .max()
                .unwrap_or(0);
            // Two blanks and a line beside each cell.
            widest.max(header.get(column).map_or(0, |name| width(name))) + 3
        })
        .sum::<usize>()
        + 1
}
