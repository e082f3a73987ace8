//! Many questions of one kind, asked side by side.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// How many are under way at once, at most: a request each.
const AT_ONCE: usize = 20;

enum Asked<F: Future> {
    UnderWay(Pin<Box<F>>),
    Answered(F::Output),
}

/// Asks one question for each, at most [`AT_ONCE`] at a time. The answers come in the order of the questions.
pub(super) async fn side_by_side<F: Future>(questions: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<Asked<F>> = questions.into_iter().map(|one| Asked::UnderWay(Box::pin(one))).collect();
    poll_fn(|context| {
        let mut under_way = 0;
        for one in &mut all {
            let Asked::UnderWay(question) = one else { continue };
            if under_way == AT_ONCE {
                break;
            }
            match question.as_mut().poll(context) {
                Poll::Ready(answer) => *one = Asked::Answered(answer),
                Poll::Pending => under_way += 1,
            }
        }
        if under_way == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let answer = |one| match one {
        Asked::Answered(answer) => Some(answer),
        Asked::UnderWay(_) => None,
    };
    all.into_iter().filter_map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::time::Duration;

    #[tokio::test]
    async fn so_many_at_once_and_the_answers_in_their_order() {
        let (now, most) = (Cell::new(0_usize), Cell::new(0_usize));
        let (now, most) = (&now, &most);
        let question = async |number: u64| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            tokio::time::sleep(Duration::from_millis(100 - number)).await;
            now.set(now.get() - 1);
            number
        };
        let answers = side_by_side((0..50).map(question)).await;
        assert_eq!(answers, (0..50).collect::<Vec<u64>>());
        assert_eq!(most.get(), AT_ONCE);
    }
}
