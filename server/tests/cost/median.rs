//! The number in the middle: what an event costs, without those during which something else happened as well, such as
//! the report of the replica every 2 s.

/// The number in the middle.
pub(crate) fn median<N: Ord + Copy>(counts: impl IntoIterator<Item = N>) -> N {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable();
    counts[counts.len() / 2]
}
