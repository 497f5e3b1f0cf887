//! Untrusted text made harmless: the one place for terminals.
//!
//! Account names, policy names, user agents and error messages are written by
//! whoever controls an account.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Replaces everything that a terminal would obey rather than show: control
/// characters, and the marks that reorder or hide text.
pub fn terminal(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hostile(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00ad | 0x061c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
            | 0xfeff | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Breaks a text into lines of at most `limit` columns, at spaces; a word that is too wide is
/// broken behind `/`, `:` or `,`, so that no id is cut, and inside only if it has none of them.
pub fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && width(&line) + 1 + width(word) <= limit {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for piece in pieces(word, limit) {
            if width(&line) + width(&piece) > limit {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(&piece);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word in pieces none of which is wider than `limit`.
fn pieces(word: &str, limit: usize) -> Vec<String> {
    if width(word) <= limit {
        return vec![word.to_owned()];
    }
    let mut pieces = Vec::new();
    for part in word.split_inclusive(['/', ':', ',']) {
        let mut piece = String::new();
        for c in part.chars() {
            if width(&piece) + c.width().unwrap_or(0) > limit {
                pieces.push(std::mem::take(&mut piece));
            }
            piece.push(c);
        }
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_instead() {
        assert_eq!(
            terminal("a\u{1b}[31mred\r\n"),
            "a\\u{1b}[31mred\\u{d}\\u{a}"
        );
        assert_eq!(terminal("\u{202e}abc\u{2066}"), "\\u{202e}abc\\u{2066}");
        assert_eq!(terminal("日本語 é"), "日本語 é");
    }

    #[test]
    fn lines_fit_and_ids_stay_whole() {
        let arn = "arn:aws:sts::111122223333:assumed-role/OrganizationAccountAccessRole/somebody-with-a-name";
        for limit in [20, 40, 78] {
            let text =
                format!("gets through: {arn} from ou-ab12-11111111 日本語日本語日本語日本語");
            let lines = wrap(&text, limit);
            assert!(lines.iter().all(|line| width(line) <= limit), "{lines:?}");
            let whole = |id: &str| lines.iter().any(|line| line.contains(id));
            assert!(
                whole("111122223333") && whole("ou-ab12-11111111"),
                "{lines:?}"
            );
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
