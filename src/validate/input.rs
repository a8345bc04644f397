//! Splits an input into documents: the whole input, or one document on each line.
//!
//! Keeps at most one document in memory, and the part that decides about the form.
//!
//! Invariant: no byte of the input is ignored, except line ends and lines of white space.

use std::io::{self, BufRead, Cursor, Read as _};

use crate::json::{MAX_BYTES, Text};

/// A document of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputDocument<'b> {
    /// The line, if there is one document on each line.
    pub line: Option<u64>,
    /// The bytes; or only their number, if it is too large for a document.
    pub bytes: Result<&'b [u8], usize>,
}

impl<'b> InputDocument<'b> {
    /// An input that is one document.
    pub fn whole(bytes: &'b [u8]) -> Self {
        Self {
            line: None,
            bytes: Ok(bytes),
        }
    }
}

/// Calls `each` with each document of `input`.
///
/// A valid document is one input. Otherwise there is a document on each line, if the first line is a valid document, or if every line begins with `{`; lines of white space are ignored. Anything else is one document.
///
/// # Errors
/// The input cannot be read.
pub fn each_document(
    mut input: impl BufRead,
    each: &mut dyn FnMut(InputDocument<'_>),
) -> io::Result<()> {
    let mut head = Vec::new();
    let has_lines = has_lines(&mut input, &mut head)?;
    let input = Cursor::new(head).chain(input);
    if has_lines {
        lines(input, each)
    } else {
        whole(input, each)
    }
}

/// Returns true if there is a document on each line. The bytes that it reads are added to `head`.
fn has_lines(input: &mut impl BufRead, head: &mut Vec<u8>) -> io::Result<bool> {
    while is_blank(head) && read_line(input, head)? {}
    let first_is_a_document = Text::scan(head).is_ok();
    let mut end = head.len();
    if first_is_a_document {
        while is_blank(&head[end..]) {
            end = head.len();
            if !read_line(input, head)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    input.take(room(head)).read_to_end(head)?;
    if Text::scan(head).is_ok() {
        return Ok(false);
    }
    let mut begun = head
        .split(|byte| *byte == b'\n')
        .filter(|line| !is_blank(line));
    let several = begun.clone().nth(1).is_some();
    Ok(several && begun.all(|line| line.trim_ascii_start().starts_with(b"{")))
}

/// Adds the next line to `head`. Returns false at the end of the input, or if `head` is full.
fn read_line(input: &mut impl BufRead, head: &mut Vec<u8>) -> io::Result<bool> {
    let read = input.take(room(head)).read_until(b'\n', head)?;
    Ok(read > 0)
}

/// The number of bytes after `head` that make it one byte too large for a document.
fn room(head: &[u8]) -> u64 {
    (MAX_BYTES + 1).saturating_sub(head.len()) as u64
}

fn whole(mut input: impl BufRead, each: &mut dyn FnMut(InputDocument<'_>)) -> io::Result<()> {
    let mut bytes = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    (&mut input).take(most).read_to_end(&mut bytes)?;
    let rest = io::copy(&mut input, &mut io::sink())?;
    each(InputDocument {
        line: None,
        bytes: fitting(&bytes, rest),
    });
    Ok(())
}

fn lines(mut input: impl BufRead, each: &mut dyn FnMut(InputDocument<'_>)) -> io::Result<()> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let most = MAX_BYTES as u64 + 1;
        if (&mut input).take(most).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let rest = match line.pop_if(|last| *last == b'\n') {
            None if line.len() > MAX_BYTES => skip_line(&mut input)?,
            _ => 0,
        };
        if !is_blank(&line) {
            each(InputDocument {
                line: Some(number),
                bytes: fitting(&line, rest),
            });
        }
    }
    Ok(())
}

/// Skips the rest of a line that is too long, and returns its length.
fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let bytes = input.fill_buf()?;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (skipped, is_over) = match end {
            Some(end) => (end + 1, true),
            None => (bytes.len(), bytes.is_empty()),
        };
        length += end.unwrap_or(skipped) as u64;
        input.consume(skipped);
        if is_over {
            return Ok(length);
        }
    }
}

/// The bytes, or their number if it is too large.
fn fitting(bytes: &[u8], rest: u64) -> Result<&[u8], usize> {
    if bytes.len() > MAX_BYTES {
        let rest = usize::try_from(rest).unwrap_or(usize::MAX);
        return Err(bytes.len().saturating_add(rest));
    }
    Ok(bytes)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(input: &[u8]) -> Vec<(Option<u64>, Result<String, usize>)> {
        let mut all = Vec::new();
        each_document(input, &mut |document| {
            let bytes = document.bytes.map(String::from_utf8_lossy);
            all.push((document.line, bytes.map(Into::into)));
        })
        .unwrap();
        all
    }

    fn one(text: &str) -> Vec<(Option<u64>, Result<String, usize>)> {
        vec![(None, Ok(text.to_owned()))]
    }

    fn several(lines: &[(u64, &str)]) -> Vec<(Option<u64>, Result<String, usize>)> {
        let lines = lines.iter();
        lines
            .map(|(number, text)| (Some(*number), Ok((*text).to_owned())))
            .collect()
    }

    #[test]
    fn an_input_that_is_a_document_is_one_however_it_is_laid_out() {
        for text in [
            "{}",
            "{}\n",
            "\n\n{}\n\n",
            "{\n\"a\":\n{}\n}\n",
            "{\r\n}\r\n",
        ] {
            assert_eq!(documents(text.as_bytes()), one(text), "{text:?}");
        }
    }

    #[test]
    fn a_document_on_each_line_is_given_with_its_number() {
        assert_eq!(
            documents(b"{}\n{\"a\":1}\n"),
            several(&[(1, "{}"), (2, "{\"a\":1}")])
        );
        assert_eq!(
            documents(b"\n{}\r\n\n \n[1]\r\n{"),
            several(&[(2, "{}\r"), (5, "[1]\r"), (6, "{")])
        );
    }

    #[test]
    fn lines_that_begin_objects_are_documents_also_where_the_first_is_broken() {
        assert_eq!(
            documents(b"{\"a\"\n {}\n"),
            several(&[(1, "{\"a\""), (2, " {}")])
        );
    }

    #[test]
    fn anything_else_is_meant_to_be_one_document() {
        for text in [
            "",
            "\n",
            "[1]\n",
            "{\"a\":\n1,\n",
            "x\ny\n",
            "{\n",
            "\u{feff}{}\n{}\n",
        ] {
            assert_eq!(documents(text.as_bytes()), one(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_measured_and_the_next_line_is_found() {
        let long = "x".repeat(MAX_BYTES + 100);
        let lines = format!("{{}}\n{long}\n{{}}\n");
        assert_eq!(
            documents(lines.as_bytes()),
            [
                (Some(1), Ok("{}".to_owned())),
                (Some(2), Err(MAX_BYTES + 100)),
                (Some(3), Ok("{}".to_owned())),
            ]
        );
        assert_eq!(documents(long.as_bytes()), [(None, Err(MAX_BYTES + 100))]);
    }

    #[test]
    fn many_lines_are_told_from_one_large_document_before_all_is_read() {
        let line = format!("{{\"a\" \"{}\"\n", "x".repeat(1024 * 1024));
        let all = documents(line.repeat(20).as_bytes());
        assert_eq!(all.len(), 20);
        assert_eq!(all[19].0, Some(20));
    }
}
