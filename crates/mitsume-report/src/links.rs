//! Links from a page to files beside it.

/// A relative path with slashes as a URL: bytes other than unreserved characters and slashes are
/// percent-encoded (RFC 3986, section 2.1).
pub(crate) fn relative_url(path: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encoded = path.bytes().map(|byte| match byte {
        byte if unreserved(byte) || byte == b'/' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    // Without "./", `a:b.png` would be read as a URL with the scheme `a`.
    format!("./{}", encoded.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_characters_are_encoded() {
        assert_eq!(relative_url("a b/c:d?.png"), "./a%20b/c%3Ad%3F.png");
        assert_eq!(relative_url("目~"), "./%E7%9B%AE~");
    }
}
