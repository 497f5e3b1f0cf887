//! The text of a policy: what stands where, and how short it could be.

/// The text without white space outside strings, as AWS's console stores it. AWS counts every
/// character, and what comes by API is stored as it is sent
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>).
pub fn minified(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in text.chars() {
        if !in_string && c.is_whitespace() {
            continue;
        }
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = in_string;
        } else if c == '"' {
            in_string = !in_string;
        }
        short.push(c);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::minified;

    #[test]
    fn only_white_space_outside_strings_goes() {
        let text = "{ \"a b\" : \"c \\\" d\" ,\n\t\"e\":[ 1 , 2 ] }\n";
        assert_eq!(minified(text), "{\"a b\":\"c \\\" d\",\"e\":[1,2]}");
    }
}
