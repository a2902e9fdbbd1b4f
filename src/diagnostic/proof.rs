//! What stands behind a repair: what was checked, on how much of the data, and what the repair would lose there.

use super::quantity::exact;
use super::{Applicability, Place, Unit};
use crate::values::marked::redacted;
use crate::values::{HitKind, Number};

/// What stands behind a repair. Proofs of one repair on two parts of the data are joined to the proof on both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Nothing in the values could show whether it is right, or nobody looked; why.
    Unproved(String),
    /// It loses nothing, whatever the values are, or as every one of them was seen to be; why.
    Lossless(String),
    /// A cast of numbers.
    Cast(CastProof),
    /// Every element was looked at and is fit for the repair.
    Fit {
        /// What was looked at.
        scope: Scope,
        /// What an element is called: `text`.
        noun: &'static str,
        /// What holds of each: `reads as a number`.
        holds: String,
        /// What else would have to hold, and was not looked at; empty where nothing would.
        open: String,
    },
    /// Any of these, told without values of the data.
    Redacted {
        /// How far the repair can be trusted.
        trust: Applicability,
        /// What was checked and what came of it.
        said: String,
    },
    /// The program was run with the repair in it.
    Ran {
        /// Whether it then handed out what it should.
        verified: bool,
        /// What was compared, or why nothing could be.
        said: String,
        /// What the repair does to the values, which a run does not judge.
        of: Box<Proof>,
    },
}

impl Proof {
    /// How far the repair can be trusted.
    #[must_use]
    pub fn applicability(&self) -> Applicability {
        match self {
            Self::Redacted { trust, .. } => *trust,
            Self::Unproved(_) => Applicability::Unverified,
            Self::Lossless(_) => Applicability::Safe,
            Self::Cast(cast) => cast.applicability(),
            Self::Fit { scope, open, .. } => {
                if scope.is_whole() && open.is_empty() {
                    Applicability::Safe
                } else {
                    Applicability::Unverified
                }
            }
            Self::Ran { verified, of, .. } => match of.applicability() {
                Applicability::Safe if !verified => Applicability::Unverified,
                trust => trust,
            },
        }
    }

    /// What was checked and what came of it: a fragment that follows "safe: ", "lossy: " or "unverified: ".
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Unproved(why) | Self::Lossless(why) | Self::Redacted { said: why, .. } => why.clone(),
            Self::Cast(cast) => cast.text(),
            Self::Fit { scope, noun, holds, open } if scope.is_whole() => {
                let open = if open.is_empty() { String::new() } else { format!("; not looked at: {open}") };
                format!("{}: each {holds}{open}", scope.checked(noun))
            }
            Self::Fit { scope, .. } => scope.gap().unwrap_or_default(),
            Self::Ran { said, of, .. } => match of.text() {
                text if text.is_empty() => said.clone(),
                text => format!("{said}; {text}"),
            },
        }
    }

    /// The same without values of the data, which are marked while this is called.
    #[must_use]
    pub fn redacted(&self) -> Self {
        Self::Redacted { trust: self.applicability(), said: redacted(&self.text()) }
    }

    /// The proof on both parts of the data; `None` where the two prove different things.
    #[must_use]
    pub fn join(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Cast(a), Self::Cast(b)) if a.to == b.to => Some(Self::Cast(a.join(b))),
            (
                Self::Fit { scope, noun, holds, open },
                Self::Fit { scope: more, noun: other, holds: too, open: also },
            ) if noun == other && holds == too && open == also => {
                Some(Self::Fit { scope: scope.join(more), noun, holds, open })
            }
            (a, b) => (a == b).then_some(a),
        }
    }
}

impl From<&str> for Proof {
    fn from(why: &str) -> Self {
        Self::Unproved(why.into())
    }
}

impl From<String> for Proof {
    fn from(why: String) -> Self {
        Self::Unproved(why)
    }
}

/// How much of the data was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Elements that were looked at.
    pub values: u64,
    /// Arrays that were read, whole.
    pub arrays: u64,
    /// Arrays that were not.
    pub unread: u64,
    /// Why the first of these was not.
    pub why: String,
    /// What one array of the repair is a part of: a batch or a set.
    pub unit: Unit,
}

impl Scope {
    /// Nothing yet.
    #[must_use]
    pub fn new(unit: Unit) -> Self {
        Self { values: 0, arrays: 0, unread: 0, why: String::new(), unit }
    }

    /// Adds an array that was looked at.
    pub fn read(&mut self, values: u64) {
        self.values += values;
        self.arrays += 1;
    }

    /// Adds one that was not. `why` is a whole fragment: "the values were not read (`--headers-only`)".
    pub fn unread(&mut self, why: impl Into<String>) {
        if self.unread == 0 {
            self.why = why.into();
        }
        self.unread += 1;
    }

    fn is_whole(&self) -> bool {
        self.unread == 0
    }

    fn join(self, other: Self) -> Self {
        Self {
            values: self.values + other.values,
            arrays: self.arrays + other.arrays,
            unread: self.unread + other.unread,
            why: if self.unread > 0 { self.why } else { other.why },
            unit: self.unit,
        }
    }

    /// "checked on all 1,966,080 values of 20 batches"
    fn checked(&self, noun: &str) -> String {
        let all = match (self.values, self.is_whole()) {
            (0, _) => format!("there are no {noun}s"),
            (1, _) => format!("checked on the one {noun}"),
            (n, true) => format!("checked on all {} {noun}s", exact(n)),
            (n, false) => format!("checked on {} {noun}s", exact(n)),
        };
        let place = if self.values == 0 { "in" } else { "of" };
        format!("{all} {place} {}", self.unit.counted(self.arrays))
    }

    /// What was not looked at, and why.
    fn gap(&self) -> Option<String> {
        match (self.unread, self.arrays) {
            (0, _) => None,
            (_, 0) => Some(self.why.clone()),
            (unread, read) => {
                Some(format!("{} of {} arrays could not be checked: {}", exact(unread), exact(unread + read), self.why))
            }
        }
    }
}

/// What a cast does to the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CastProof {
    /// The type, as NumPy names it.
    pub to: String,
    /// What was looked at.
    pub scope: Scope,
    /// Whether some value has a fraction. Where none has, the numbers are ids or counts, and one that changes is lost.
    pub fractional: bool,
    /// How far rounding moves a value of the type, relative to it, at most.
    pub half_step: Number,
    /// What happens to values that do not stay what they are, one entry per kind, in the order of the kinds.
    pub losses: Vec<Loss>,
}

/// The values to which one thing happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// What happens.
    pub kind: HitKind,
    /// To how many.
    pub count: u64,
    /// How far the worst is off.
    pub off: Number,
    /// The worst value.
    pub value: Number,
    /// Where it stands.
    pub place: Place,
}

impl Loss {
    /// `3 overflow to inf (the worst: 1e39 at dump/batch_003.npz::x[3, 0])`; `to` is the type of the cast.
    fn placed(&self, to: &str) -> String {
        self.told(to, &format!(" at {}", self.place))
    }

    /// "3 overflow to inf (the worst: 1e39)"; `to` is the type of the cast.
    #[must_use]
    pub fn says(&self, to: &str) -> String {
        self.told(to, "")
    }

    fn told(&self, to: &str, at: &str) -> String {
        let (one, many) = match self.kind {
            HitKind::Overflow => ("overflows to inf", "overflow to inf"),
            HitKind::Vanished => ("becomes 0", "become 0"),
            HitKind::Changed if to == "bool" => {
                ("is neither 0 nor 1 and becomes True", "are neither 0 nor 1 and become True")
            }
            HitKind::Changed => ("whole number changes", "whole numbers change"),
            HitKind::Cut => ("fraction is cut off", "fractions are cut off"),
            HitKind::Wrapped => ("does not fit and becomes another number", "do not fit and become other numbers"),
            HitKind::Undefined => {
                ("is NaN or infinite and becomes some number", "are NaN or infinite and become some number")
            }
            _ => ("loses digits, being very small", "lose digits, being very small"),
        };
        let value = if self.kind == HitKind::Undefined { "NaN or inf".to_owned() } else { self.value.to_string() };
        match (self.count, self.kind) {
            (1, _) => format!("1 {one} ({value}{at})"),
            (n, HitKind::Vanished) => format!("{} {many} (the largest: {value}{at})", exact(n)),
            (n, _) => format!("{} {many} (the worst: {value}{at})", exact(n)),
        }
    }

    fn join(&mut self, other: Self) {
        self.count += other.count;
        let order = other.off.cmp(&self.off).then_with(|| self.place.cmp(&other.place));
        if order.is_gt() {
            (self.off, self.value, self.place) = (other.off, other.value, other.place);
        }
    }
}

impl CastProof {
    /// Nothing looked at yet. `half_step` is how far rounding to the type moves a value at most, relative to it.
    #[must_use]
    pub fn new(to: impl Into<String>, half_step: f64, unit: Unit) -> Self {
        let half_step = Number::Float(half_step);
        Self { to: to.into(), scope: Scope::new(unit), fractional: false, half_step, losses: Vec::new() }
    }

    /// Adds what happens to some values.
    pub fn add(&mut self, loss: Loss) {
        if let Some(known) = self.losses.iter_mut().find(|known| known.kind == loss.kind) {
            known.join(loss);
        } else {
            self.losses.push(loss);
            self.losses.sort_by_key(|loss| loss.kind);
        }
    }

    /// What is lost: everything but rounding within half a step of the type.
    pub fn lost(&self) -> impl Iterator<Item = &Loss> {
        self.losses.iter().filter(|loss| !self.rounds(loss))
    }

    fn rounds(&self, loss: &Loss) -> bool {
        match loss.kind {
            HitKind::Rounded => true,
            HitKind::Changed => self.fractional && self.to != "bool",
            _ => false,
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.scope = self.scope.join(other.scope);
        self.fractional |= other.fractional;
        for loss in other.losses {
            self.add(loss);
        }
        self
    }

    fn applicability(&self) -> Applicability {
        match (self.lost().next(), self.scope.is_whole()) {
            (Some(_), _) => Applicability::Lossy,
            (None, true) => Applicability::Safe,
            (None, false) => Applicability::Unverified,
        }
    }

    fn text(&self) -> String {
        let gap = self.scope.gap();
        if self.scope.arrays == 0 {
            return gap.unwrap_or_default();
        }
        let lost: Vec<String> = self.lost().map(|loss| loss.placed(&self.to)).collect();
        let rounding = self.rounding();
        let effect = match (lost.is_empty(), rounding) {
            (true, None) => "every value stays exactly what it is".into(),
            (true, Some(most)) => {
                format!("none overflows or becomes 0; rounding moves a value by {most} of itself at most")
            }
            (false, None) => lost.join("; "),
            (false, Some(most)) => {
                format!("{}; rounding moves the others by {most} of themselves at most", lost.join("; "))
            }
        };
        let checked = self.scope.checked("value");
        match gap {
            None if self.scope.values == 0 => checked,
            None => format!("{checked}: {effect}"),
            // What is lost is known, and what else may be is not.
            Some(gap) if !lost.is_empty() => format!("{checked}: {effect}; {gap}"),
            Some(gap) => gap,
        }
    }

    /// How far rounding moves a value at most, relative to it, where it moves any.
    fn rounding(&self) -> Option<String> {
        let far = |loss: &Loss| match loss.kind {
            HitKind::Rounded => loss.off.to_f64(),
            _ => self.half_step.to_f64(),
        };
        let most = self.losses.iter().filter(|loss| self.rounds(loss)).map(far).fold(0.0, f64::max);
        (most > 0.0).then(|| one_digit(most))
    }
}

/// The least number of one digit that is not below this one: `6e-8`.
fn one_digit(value: f64) -> String {
    let exponent = value.log10().floor();
    // Not quite exact: what is a digit but for an error of the division stays that digit.
    let digit = (value / 10.0_f64.powf(exponent) - 1e-9).ceil();
    let (digit, exponent) = if digit >= 10.0 { (1.0, exponent + 1.0) } else { (digit, exponent) };
    format!("{digit}e{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(kind: HitKind, count: u64, value: f64, off: f64, source: &str) -> Loss {
        let place = Place { source: source.into(), index: Some(vec![3, 0]), ..Place::default() };
        Loss { kind, count, off: Number::Float(off), value: Number::Float(value), place }
    }

    fn proof(values: u64, losses: Vec<Loss>) -> CastProof {
        let mut proof = CastProof::new("float32", 5.96e-8, Unit::Batch);
        proof.scope.read(values);
        for loss in losses {
            proof.add(loss);
        }
        proof
    }

    #[test]
    fn what_is_safe_says_why() {
        let kept = Proof::Cast(proof(4000, vec![]));
        assert_eq!(kept.applicability(), Applicability::Safe);
        assert_eq!(kept.text(), "checked on all 4,000 values of 1 batch: every value stays exactly what it is");
        let rounded = Proof::Cast(proof(4, vec![loss(HitKind::Rounded, 3, 0.1, 5.5e-8, "a")]));
        assert_eq!(rounded.applicability(), Applicability::Safe);
        assert_eq!(
            rounded.text(),
            "checked on all 4 values of 1 batch: none overflows or becomes 0; rounding moves a value by 6e-8 of itself at most"
        );
    }

    #[test]
    fn what_is_lost_is_counted_and_placed_over_all_parts() {
        let a = proof(10, vec![loss(HitKind::Overflow, 2, 1e39, 1e39, "a"), loss(HitKind::Rounded, 1, 0.1, 1e-8, "a")]);
        let b = proof(5, vec![loss(HitKind::Overflow, 1, -1e40, 1e40, "b")]);
        let c = proof(5, vec![loss(HitKind::Vanished, 1, 1e-60, 1e-60, "c")]);
        let cast = |proof: &CastProof| Proof::Cast(proof.clone());
        let left = cast(&a).join(cast(&b)).and_then(|both| both.join(cast(&c))).unwrap();
        let right = cast(&c).join(cast(&b)).and_then(|both| cast(&a).join(both)).unwrap();
        assert_eq!(left, right);
        assert_eq!(left.applicability(), Applicability::Lossy);
        assert_eq!(
            left.text(),
            "checked on all 20 values of 3 batches: 3 overflow to inf (the worst: -1e40 at b[3, 0]); 1 becomes 0 \
             (1e-60 at c[3, 0]); rounding moves the others by 1e-8 of themselves at most"
        );
    }

    #[test]
    fn whole_numbers_are_lost_only_where_all_are_whole() {
        let mut changed = proof(9, vec![loss(HitKind::Changed, 1, 16_777_217.0, 1.0, "a")]);
        assert_eq!(Proof::Cast(changed.clone()).applicability(), Applicability::Lossy);
        changed.fractional = true;
        assert_eq!(Proof::Cast(changed.clone()).applicability(), Applicability::Safe);
        assert!(Proof::Cast(changed).text().ends_with("by 6e-8 of itself at most"));
    }

    #[test]
    fn what_was_not_read_is_never_safe() {
        let mut part = proof(9, vec![]);
        part.scope.unread("it is too large");
        assert_eq!(Proof::Cast(part.clone()).applicability(), Applicability::Unverified);
        assert_eq!(Proof::Cast(part.clone()).text(), "1 of 2 arrays could not be checked: it is too large");
        part.add(loss(HitKind::Cut, 2, 0.5, 0.5, "a"));
        assert_eq!(Proof::Cast(part.clone()).applicability(), Applicability::Lossy);
        assert!(Proof::Cast(part).text().ends_with("; 1 of 2 arrays could not be checked: it is too large"));
    }

    #[test]
    fn proofs_of_different_things_are_none_of_both() {
        assert_eq!(Proof::from("a").join(Proof::from("b")), None);
        assert_eq!(Proof::from("a").join(Proof::from("a")), Some(Proof::from("a")));
        let other = CastProof { to: "float16".into(), ..proof(1, vec![]) };
        assert_eq!(Proof::Cast(proof(1, vec![])).join(Proof::Cast(other)), None);
    }

    #[test]
    fn a_run_shows_what_it_shows_and_no_more() {
        let ran = |verified: bool, of: Proof| Proof::Ran { verified, said: "ran".into(), of: Box::new(of) };
        let safe = || Proof::Lossless("slicing changes no value".into());
        let lossy = || Proof::Cast(proof(9, vec![loss(HitKind::Cut, 2, 0.5, 0.5, "a")]));
        assert_eq!(ran(true, safe()).applicability(), Applicability::Safe);
        assert_eq!(ran(true, safe()).text(), "ran; slicing changes no value");
        assert_eq!(ran(false, safe()).applicability(), Applicability::Unverified);
        for verified in [true, false] {
            assert_eq!(ran(verified, lossy()).applicability(), Applicability::Lossy);
        }
        // A run compares with the old values, and does not say what they lose.
        assert_eq!(ran(true, "nobody looked".into()).applicability(), Applicability::Unverified);
        assert_eq!(ran(true, Proof::Lossless(String::new())).text(), "ran");
    }

    #[test]
    fn a_bound_is_rounded_up() {
        for (value, text) in [(5.4e-8, "6e-8"), (6e-8, "6e-8"), (9.5e-4, "1e-3"), (1e-3, "1e-3"), (4.88e-4, "5e-4")] {
            assert_eq!(one_digit(value), text);
        }
    }
}
