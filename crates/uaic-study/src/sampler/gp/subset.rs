//! Which trials the process sees when there are too many: its work grows with the cube of their number.

/// At most `limit` rows, in order: a third the best, a third the latest, the rest evenly among the
/// others, so that what is known of the whole space stays.
pub(super) fn subset(losses: &[f64], limit: usize) -> Vec<usize> {
    let count = losses.len();
    if count <= limit {
        return (0..count).collect();
    }
    let third = limit / 3;
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| losses[a].total_cmp(&losses[b]));
    let mut taken = vec![false; count];
    for &row in &order[..third] {
        taken[row] = true;
    }
    let latest: Vec<usize> = (0..count).rev().filter(|&row| !taken[row]).take(third).collect();
    for row in latest {
        taken[row] = true;
    }
    let others: Vec<usize> = (0..count).filter(|&row| !taken[row]).collect();
    let wanted = limit - 2 * third;
    for k in 0..wanted {
        taken[others[k * others.len() / wanted]] = true;
    }
    (0..count).filter(|&row| taken[row]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_are_all_taken() {
        assert_eq!(subset(&[3.0, 1.0, 2.0], 3), [0, 1, 2]);
    }

    #[test]
    fn of_many_the_best_the_latest_and_an_even_share_are_taken() {
        let losses: Vec<f64> = (0..30).map(|row| if row == 4 { -1.0 } else { f64::from(row % 7) }).collect();
        let rows = subset(&losses, 9);
        assert_eq!(rows.len(), 9);
        assert!(rows.contains(&4) && rows.ends_with(&[27, 28, 29]), "{rows:?}");
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "{rows:?}");
        assert!(rows.iter().any(|row| (8..20).contains(row)), "{rows:?}");
    }

    #[test]
    fn the_limit_holds_for_any_number() {
        for count in [1, 10, 11, 12, 100, 10_000] {
            let losses: Vec<f64> = (0..count).map(|row| (f64::from(row) * 0.7).sin()).collect();
            assert_eq!(subset(&losses, 11).len(), losses.len().min(11));
        }
    }
}
