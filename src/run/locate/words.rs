//! What the labels say.

use super::scene::{Grip, Spot};
use crate::diagnostic::{Finding, Unit};
use crate::error::cut;
use crate::source::capture::places::{Became, Made};

/// "yielded here: float64 [32, 32, 32, 3], in 20 of 20 batches". `extent` is the type and the shape, or empty; the share
/// is only known where `share` says so.
pub(super) fn handed(spot: &Spot<'_>, grip: Grip, extent: &str, finding: &Finding, share: bool) -> String {
    let site = spot.site;
    let verb = match site.kind.as_str() {
        "yield" => "yielded",
        "return" => "returned",
        _ => "handed out",
    };
    let likely = if spot.assumed { "probably " } else { "" };
    let place = match grip {
        Grip::Exact => "here",
        Grip::Within => "here, in this expression",
        Grip::Line => "on this line",
    };
    let made = if site.inferred { ", and made into a batch" } else { "" };
    let detail = spot.detail.as_deref().filter(|_| spot.array.is_none() && finding.count == 1).unwrap_or_default();
    let what = match (extent, detail) {
        ("", "") => String::new(),
        ("", detail) => format!(": {}", cut(detail)),
        (extent, _) => format!(": {extent}"),
    };
    let counts = share && finding.unit == Unit::Batch && finding.of > 1;
    let share = if counts { format!(", in {}", finding.share()) } else { String::new() };
    format!("{likely}{verb} {place}{made}{what}{share}")
}

/// "float64 made here", "probably made here"
pub(super) fn made(made: &Made, found: &str, is_type: bool) -> String {
    match made.dtype.as_deref().filter(|_| is_type && made.certain) {
        // An array that was there is filled, not made.
        _ if made.why == "modify" && made.certain => "filled here".into(),
        _ if made.why == "modify" => "probably filled here".into(),
        Some(dtype) if dtype == found => format!("{found} made here"),
        Some(dtype) => format!("made here, as {}", cut(dtype)),
        None if made.certain => "made here".into(),
        None => "probably made here".into(),
    }
}

/// "became float64 here: float32 before"
pub(super) fn became(change: &Became) -> String {
    format!("became {} here: {} before", cut(&change.to), cut(&change.from))
}
