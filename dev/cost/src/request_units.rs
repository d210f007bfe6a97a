//! DynamoDB's request units.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>

/// Units of a strongly consistent read of one item: one for each 4 KB begun, and one also for an item that is not there.
pub(crate) fn read_units(item_bytes: u32) -> u32 {
    item_bytes.div_ceil(4096).max(1)
}

/// Units of one transaction that writes these items: two for each KB begun of each item, since it is prepared and then committed.
pub(crate) fn transaction_units(items_bytes: impl IntoIterator<Item = u32>) -> u32 {
    items_bytes
        .into_iter()
        .map(|bytes| 2 * bytes.div_ceil(1024).max(1))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_takes_a_unit_for_each_4_kb_begun() {
        assert_eq!([0, 1, 4096, 4097, 8193].map(read_units), [1, 1, 1, 2, 3]);
    }

    #[test]
    fn a_transaction_takes_two_units_for_each_kb_begun_of_each_item() {
        // A user of 311 bytes and two markers; each is rounded up by itself.
        assert_eq!(transaction_units([311, 60, 69]), 6);
        assert_eq!(transaction_units([1024]), 2);
        // 2 × 2 for the first, 2 for the second
        assert_eq!(transaction_units([1025, 60]), 6);
        assert_eq!(transaction_units([]), 0);
    }
}
