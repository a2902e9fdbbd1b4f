//! Whether facts can be those of an array of that layout. Saved facts come from anywhere: no number in them may be
//! larger than the array allows, because what counts and places values relies on that.

use super::ask::Spot;
use super::decode::decoder;
use super::layout::Layout;
use super::numbers::Numbers;
use super::rows::Rows;
use super::{Blank, COLUMNS, DISTINCT, RANGES, ValueFacts};

impl ValueFacts {
    /// What cannot be true of an array of that layout, if anything.
    #[must_use]
    pub fn impossible(&self, layout: &Layout<'_>) -> Option<&'static str> {
        let elements = layout.elements();
        let values = elements.saturating_mul(decoder(layout.dtype).map_or(1, |(_, parts)| parts));
        let fits = |counts: &[u64]| {
            counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count)).is_some_and(|sum| sum <= values)
        };
        if self.count != elements {
            return Some("the values are not as many as the shape says");
        }
        if let Some(numbers) = &self.numbers
            && !(is_sound(numbers, values, elements, &fits))
        {
            return Some("the numbers of an array contradict each other");
        }
        if let Some(rows) = &self.rows
            && !are_rows(rows, layout)
        {
            return Some("the rows of an array are not those of its shape");
        }
        if let Some(texts) = &self.texts {
            let labels: Vec<u64> = texts.labels.iter().flatten().map(|(_, count)| *count).collect();
            let word = texts.first_word.as_ref().is_none_or(|(_, at)| *at < elements);
            if texts.count != elements || !fits(&[texts.empty, texts.numeric]) || !fits(&labels) || !word {
                return Some("the texts of an array are not as many as its shape says");
            }
        }
        let answers = self.answers.iter().all(|answer| {
            let hits = answer.hits.iter().all(|hits| {
                let spots = hits.first.at < elements && hits.worst.at < elements;
                hits.count > 0 && hits.count <= answer.of && spots && hits.first.at <= hits.worst.at
            });
            let counts: Vec<u64> = answer.hits.iter().map(|hits| hits.count).collect();
            answer.of <= values && hits && fits(&counts)
        });
        (!answers).then_some("the answers about an array count more than there is")
    }
}

fn is_sound(numbers: &Numbers, values: u64, elements: u64, fits: &dyn Fn(&[u64]) -> bool) -> bool {
    let Numbers { finite, nan, pos_inf, neg_inf, .. } = *numbers;
    let inside = |at: &Option<u64>| at.is_none_or(|at| at < elements);
    let place = |spot: &Option<Spot>| spot.is_none_or(|spot| spot.at < elements && spot.value.to_f64().is_finite());
    let all = [finite, nan, pos_inf, neg_inf];
    let counted = fits(&all) && all.iter().sum::<u64>() == values;
    let places = [numbers.first_nan, numbers.first_pos_inf, numbers.first_neg_inf, numbers.first_fractional];
    let first = [(nan, places[0]), (pos_inf, places[1]), (neg_inf, places[2]), (numbers.fractional, places[3])];
    let extremes = numbers.min.is_some() == (finite > 0) && numbers.max.is_some() == (finite > 0);
    let ordered = numbers.min.zip(numbers.max).is_none_or(|(min, max)| min.value <= max.value);
    let few = numbers.distinct.as_ref().is_none_or(|distinct| {
        let counts: Vec<u64> = distinct.iter().map(|(_, count, _)| *count).collect();
        let known =
            distinct.iter().all(|(value, count, at)| value.to_f64().is_finite() && *count > 0 && *at < elements);
        distinct.len() <= DISTINCT && known && fits(&counts) && counts.iter().sum::<u64>() == finite
    });
    let bad: Vec<u64> = numbers.bad_columns.iter().map(|(_, count)| *count).collect();
    let sentinels: Vec<u64> = numbers.sentinels.iter().map(|sentinel| sentinel.count).collect();
    let histogram = numbers.histogram.as_ref().is_none_or(|histogram| {
        let counts: Vec<u64> = histogram.bins.iter().map(|bin| bin.count).chain([histogram.zeros]).collect();
        let powers = histogram.bins.iter().all(|bin| (-1100..=1100).contains(&bin.power));
        fits(&counts) && powers && counts.len() <= 5000
    });
    counted
        && first.iter().all(|(count, at)| (*count > 0) == at.is_some() && inside(at))
        && extremes
        && ordered
        && place(&numbers.min)
        && place(&numbers.max)
        && few
        && histogram
        && numbers.variance.is_none_or(|variance| variance >= 0.0)
        && [numbers.zeros, numbers.negatives, numbers.fractional].iter().all(|count| *count <= finite)
        && numbers.zeros_at_end <= numbers.zeros
        && numbers.changes <= values
        && numbers.bad_rows.is_none_or(|rows| rows <= nan + pos_inf + neg_inf)
        && bad.len() <= COLUMNS
        && fits(&bad)
        && numbers.bad_columns.iter().all(|(column, _)| *column < elements)
        && fits(&sentinels)
        && numbers.sentinels.iter().all(|sentinel| sentinel.first < elements)
        && numbers.bad_bools.as_deref().is_none_or(|(count, spot)| *count <= finite && spot.at < elements)
}

fn are_rows(rows: &Rows, layout: &Layout<'_>) -> bool {
    let (count, elements) = (layout.rows(), layout.row_elements());
    let blank = rows.blank.as_ref().is_none_or(|blank| {
        let all = blank.zero.checked_add(blank.constant).is_some_and(|all| all <= count);
        let first = blank.first.len() <= Blank::KEPT && blank.first.iter().all(|row| *row < count);
        all && first && blank.zero_at_end <= blank.zero
    });
    let columns = rows.columns.as_ref().is_none_or(|columns| {
        let few = columns.count <= COLUMNS as u64 && columns.count <= elements && columns.ranges.len() <= RANGES;
        few && columns.constant.iter().all(|(column, _)| u64::from(*column) < columns.count)
            && columns.constant.len() as u64 <= columns.count
    });
    let neighbours = rows.neighbours.is_none_or(|neighbours| {
        let shares = [neighbours.next, neighbours.apart, neighbours.equal].iter().all(|share| share.abs() <= 1.001);
        shares && neighbours.pairs <= layout.elements() && neighbours.channels <= elements
    });
    let hashes = rows.hashes.as_ref().is_none_or(|hashes| hashes.len() as u64 == count);
    rows.count == count && rows.elements == elements && blank && columns && neighbours && hashes
}
