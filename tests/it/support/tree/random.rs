//! Random numbers that are the same everywhere and for ever.

/// splitmix64 (Steele, Lea, Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// The numbers of one run and one purpose.
    pub(crate) fn new(seed: u64, index: u64, purpose: u64) -> Self {
        let mut random = Self(seed);
        random.0 ^= random.next() ^ index.wrapping_mul(Self::STEP);
        random.0 ^= random.next() ^ purpose.wrapping_mul(Self::STEP);
        random
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is small, so the bias does not matter.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// An index below `length`.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("below a `usize`")
    }

    /// About `length` bytes of words, some of them not ASCII.
    pub(super) fn prose(&mut self, length: usize) -> String {
        const WORDS: [&str; 16] = [
            "midnight",
            "signal",
            "café",
            "tape",
            "naïve",
            "ritual",
            "Zürich",
            "neon",
            "électro",
            "house",
            "\u{1f3a7}",
            "edge",
            "夜",
            "of",
            "the",
            "\"quoted\"",
        ];
        let mut out = String::with_capacity(length + 16);
        while out.len() < length {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(WORDS[self.index(WORDS.len())]);
        }
        out
    }

    /// A random UUID.
    pub(super) fn uuid(&mut self) -> String {
        let digits = format!("{:016x}{:016x}", self.next(), self.next());
        let (a, b, c, d) = (
            &digits[..8],
            &digits[8..12],
            &digits[13..16],
            &digits[17..20],
        );
        format!("{a}-{b}-4{c}-8{d}-{}", &digits[20..])
    }
}
