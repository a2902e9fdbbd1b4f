//! What saved facts hold of what somebody wants to know: facts that were saved for one spec are judged by another.

use super::ask::{Answer, Ask, Hits, Kind, Spot, join};
use super::decode::decoder;
use super::layout::Layout;
use super::numbers::Numbers;
use super::{ValueFacts, Wants};
use crate::spec::dtype;

impl ValueFacts {
    /// Whether everything is there that a pass with these wants would have noted of an array of that layout.
    #[must_use]
    pub fn holds(&self, wants: Wants, layout: &Layout<'_>) -> bool {
        let is_text = matches!(layout.dtype.kind, dtype::Kind::Text | dtype::Kind::Bytes);
        let is_object = layout.dtype.kind == dtype::Kind::Object;
        let parts = decoder(layout.dtype).map(|(_, parts)| parts);
        let blanks = parts == Some(1)
            && layout.shape.len() > 1
            && layout.row_elements() > 1
            // A small array in Fortran order has rows, a large one has none.
            && !layout.is_reversed();
        (parts.is_none() || !counts(wants) || self.numbers.is_some())
            && (!is_text || !wants.contents || self.texts.is_some())
            && (!is_object || !wants.contents || self.objects.is_some())
            // A pickle has no content to compare.
            && (is_object || !wants.hashes || self.hash.is_some())
            && (!wants.rows || !blanks || self.rows.as_ref().is_some_and(|rows| rows.blank.is_some()))
    }

    /// What a pass with these wants would have noted: the rest is left out.
    #[must_use]
    pub fn only(mut self, wants: Wants) -> Self {
        if !wants.hashes {
            self.hash = None;
        }
        if !counts(wants) {
            self.numbers = None;
            self.answers.clear();
        }
        if !wants.contents {
            (self.texts, self.objects) = (None, None);
        }
        if let Some(rows) = &mut self.rows {
            if !wants.hashes {
                rows.hashes = None;
            }
            if !wants.rows {
                (rows.blank, rows.columns, rows.neighbours) = (None, None, None);
            }
        }
        let bare = |rows: &super::Rows| rows.hashes.is_none() && rows.blank.is_none() && rows.columns.is_none();
        self.rows = self.rows.filter(|rows| !bare(rows) || rows.neighbours.is_some());
        self
    }

    /// Answers a question that was not asked, as far as the numbers tell. `None` where nothing but the data does.
    #[must_use]
    pub fn deduced(&self, ask: &Ask) -> Option<Answer> {
        let numbers = self.numbers.as_ref()?;
        let hits = match ask {
            Ask::Outside { min, max, except } => {
                let (min, max) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
                let inside = |spot: Option<Spot>| {
                    spot.is_none_or(|spot| {
                        let value = spot.value.to_f64();
                        value >= min && value <= max
                    })
                };
                if inside(numbers.min) && inside(numbers.max) {
                    Vec::new()
                } else {
                    each_distinct(numbers, |value| match value {
                        _ if except.contains(&value) => None,
                        _ if value < min => Some((Kind::Below, min - value)),
                        _ if value > max => Some((Kind::Above, value - max)),
                        _ => None,
                    })?
                }
            }
            Ask::NotIn { values } => each_distinct(numbers, |value| {
                let near = || values.iter().map(|known| (known - value).abs()).fold(f64::INFINITY, f64::min);
                (!values.contains(&value)).then(|| (Kind::Other, near()))
            })?,
            Ask::Zero if numbers.zeros == 0 => Vec::new(),
            Ask::Zero => each_distinct(numbers, |value| (value == 0.0).then_some((Kind::Zero, 0.0)))?,
            Ask::Sum { .. } | Ask::OneHot | Ask::Cast { .. } => return None,
        };
        Some(Answer { ask: ask.clone(), of: numbers.finite, hits })
    }
}

/// Whether a pass with these wants counts numbers.
fn counts(wants: Wants) -> bool {
    wants.numbers || wants.rows || wants.shapes
}

/// What `judge` says of every distinct value, where these are known: what it is and how far it is off.
fn each_distinct(numbers: &Numbers, judge: impl Fn(f64) -> Option<(Kind, f64)>) -> Option<Vec<Hits>> {
    let mut hits: Vec<Hits> = Vec::new();
    for (value, count, at) in numbers.distinct.as_ref()? {
        let Some((kind, off)) = judge(value.to_f64()) else { continue };
        let spot = Spot { value: *value, at: *at };
        join(&mut hits, Hits { kind, count: *count, first: spot, worst: spot, off });
    }
    hits.sort_by_key(|hits| hits.kind);
    Some(hits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::dtype::Dtype;
    use crate::values::Pass;

    fn facts(values: &[f32], wants: Wants, asks: &[Ask]) -> ValueFacts {
        let dtype = Dtype::from_name("float32").unwrap();
        let shape = [values.len() as u64 / 4, 4];
        let mut pass = Pass::new(Layout { dtype: &dtype, shape: &shape, fortran: false }, wants, asks).unwrap();
        pass.feed(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
        pass.finish().unwrap()
    }

    #[test]
    fn what_is_deduced_is_what_the_data_would_have_answered() {
        let few = [3.0, -1.0, 7.0, 7.0, 0.5, -1.0, 9.0, f32::NAN];
        let asks = [
            Ask::Outside { min: Some(0.0), max: Some(5.0), except: vec![-1.0] },
            Ask::Outside { min: Some(0.0), max: None, except: Vec::new() },
            Ask::Outside { min: Some(-1.0), max: Some(9.0), except: Vec::new() },
            Ask::NotIn { values: vec![0.5, 3.0] },
        ];
        let (asked, unasked) = (facts(&few, Wants::JUDGED, &asks), facts(&few, Wants::JUDGED, &[]));
        for ask in &asks {
            assert_eq!(unasked.deduced(ask).as_ref(), asked.answer(ask), "{ask:?}");
        }
        for ask in [Ask::OneHot, Ask::Sum { to: 1.0 }] {
            assert_eq!(unasked.deduced(&ask), None);
        }
        // Too many distinct values: only a range that holds them all is decided.
        let many: Vec<f32> = (0..2000_u16).map(f32::from).collect();
        let many = facts(&many, Wants::JUDGED, &[]);
        assert!(many.deduced(&Ask::Outside { min: Some(0.0), max: Some(1999.0), except: vec![] }).is_some());
        assert!(many.deduced(&Ask::Outside { min: Some(1.0), max: None, except: vec![] }).is_none());
        assert!(many.deduced(&Ask::NotIn { values: vec![1.0] }).is_none());
    }

    #[test]
    fn facts_of_everything_hold_what_less_would_have_noted() {
        let values = [3.0, -1.0, 7.0, 7.0, 0.5, -1.0, 9.0, 2.0];
        let dtype = Dtype::from_name("float32").unwrap();
        let layout = Layout { dtype: &dtype, shape: &[2, 4], fortran: false };
        let all = facts(&values, Wants::JUDGED, &[]);
        for wants in [Wants::NOTHING, Wants::NUMBERS, Wants::HASHES, Wants::ROWS, Wants::JUDGED] {
            let less = facts(&values, wants, &[]);
            assert!(all.holds(wants, &layout) && less.holds(wants, &layout));
            assert_eq!(all.clone().only(wants), less, "{wants:?}");
            assert_eq!(less.holds(Wants::JUDGED, &layout), wants == Wants::JUDGED, "{wants:?}");
        }
    }
}
