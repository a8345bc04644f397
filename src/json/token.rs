//! The tokens of JSON: white space, strings, numbers and literals, read byte by byte.
//! Invariant: the cursor never goes beyond the end of the text, and exactly the tokens of RFC 8259 are accepted.

use super::problem::{Flaw, TextProblem, character};

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

#[derive(Clone, Copy)]
pub(super) struct StringForm {
    pub(super) plain: bool,
    pub(super) escaped: bool,
}

impl Cursor<'_> {
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    pub(super) fn skip_white(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    #[cold]
    pub(super) fn unexpected(&self, expected: &'static str) -> Flaw {
        let problem = if self.at >= self.bytes.len() {
            TextProblem::Truncated { expected }
        } else {
            let found = character(self.bytes, self.at);
            TextProblem::Syntax { expected, found }
        };
        Flaw::new(self.at, problem)
    }

    #[inline]
    pub(super) fn string(&mut self) -> Result<StringForm, Flaw> {
        let mut form = StringForm {
            plain: true,
            escaped: false,
        };
        self.at += 1;
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(form);
                }
                Some(b'\\') => {
                    form = StringForm {
                        plain: false,
                        escaped: true,
                    };
                    self.escape()?;
                }
                Some(0x7f..) => {
                    form.plain = false;
                    while let Some(0x7f..) = self.peek() {
                        self.at += 1;
                    }
                }
                Some(_) => return Err(self.unexpected("an escape or a printable character")),
                None => return Err(self.unexpected("the closing quote of a string")),
            }
        }
    }

    /// Skips characters from U+0020 to U+007E, up to a quote or a backslash, eight at a time.
    #[inline]
    fn skip_plain(&mut self) {
        while let Some(chunk) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) {
            let special = special_bytes(u64::from_le_bytes(*chunk));
            if special != 0 {
                self.at += special.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        while let Some(b' '..=b'!' | b'#'..=b'[' | b']'..=b'~') = self.peek() {
            self.at += 1;
        }
    }

    fn escape(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                match self.hex()? {
                    0xd800..=0xdbff => self.low_surrogate(start)?,
                    0xdc00..=0xdfff => return Err(self.lone(start)),
                    _ => {}
                }
            }
            _ => {
                return Err(self.unexpected("one of `\"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t`, `u`"));
            }
        }
        Ok(())
    }

    fn low_surrogate(&mut self, start: usize) -> Result<(), Flaw> {
        for expected in *b"\\u" {
            match self.peek() {
                Some(found) if found == expected => self.at += 1,
                Some(_) => return Err(self.lone(start)),
                None => return Err(self.unexpected("the second half of a surrogate pair")),
            }
        }
        match self.hex()? {
            0xdc00..=0xdfff => Ok(()),
            _ => Err(self.lone(start)),
        }
    }

    #[cold]
    fn lone(&self, start: usize) -> Flaw {
        let found = String::from_utf8_lossy(&self.bytes[start..start + 6]).into_owned();
        Flaw::new(start, TextProblem::LoneSurrogate { found })
    }

    fn hex(&mut self) -> Result<u32, Flaw> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected("four hex digits"));
            };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }

    pub(super) fn number(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.bytes[self.at..].starts_with(b"Infinity") {
                let found = "-Infinity";
                return Err(Flaw::new(start, TextProblem::NotANumber { found }));
            }
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if let Some(b'0'..=b'9') = self.peek() {
                self.at -= 1;
                return Err(self.unexpected("a number without leading zeros"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.unexpected("a digit"));
        }
        Ok(())
    }

    pub(super) fn literal(
        &mut self,
        literal: &'static str,
        expected: &'static str,
    ) -> Result<(), Flaw> {
        for byte in literal.bytes() {
            if self.peek() != Some(byte) {
                return Err(self.unexpected(expected));
            }
            self.at += 1;
        }
        Ok(())
    }

    #[cold]
    pub(super) fn no_value(&self, expected: &'static str) -> Flaw {
        for found in ["NaN", "Infinity"] {
            if self.bytes[self.at..].starts_with(found.as_bytes()) {
                return Flaw::new(self.at, TextProblem::NotANumber { found });
            }
        }
        self.unexpected(expected)
    }
}

/// Sets the high bit of the lowest byte that is a control character, a quote, a backslash or above U+007E; bits above that byte have no meaning.
#[inline]
fn special_bytes(word: u64) -> u64 {
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zero(word ^ (ONES * 0x22));
    let backslash = zero(word ^ (ONES * 0x5c));
    (control | quote | backslash | word | word.wrapping_add(ONES)) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_at_a_time_stop_where_one_at_a_time_does() {
        let stops = |byte: u8| !matches!(byte, 0x20..=0x7e) || byte == b'"' || byte == b'\\';
        for place in 0..8 {
            for (byte, after) in (0..=255).flat_map(|byte| [(byte, b'a'), (byte, 0), (byte, 0xff)])
            {
                let mut chunk = [after; 8];
                chunk[..place].fill(b'a');
                chunk[place] = byte;
                let first = chunk.iter().position(|byte| stops(*byte));
                let special = special_bytes(u64::from_le_bytes(chunk));
                let found = (special != 0).then(|| special.trailing_zeros() as usize / 8);
                assert_eq!(found, first, "{chunk:?}");
            }
        }
    }
}
