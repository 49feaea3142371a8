//! Answers that nobody waits for with a thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use super::StoreError;

/// What a store answers once it has done what was asked.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// Waits for an answer with this thread.
///
/// # Errors
/// What is answered.
pub fn wait<T>(mut answer: Answer<T>) -> Result<T, StoreError> {
    let waker = Waker::from(Arc::new(Parked(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match answer.as_mut().poll(&mut context) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A thread that waits.
struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// An answer that is given later, and who gives it; `broken` where nobody does.
pub fn promise<T: Send + 'static>(broken: StoreError) -> (Promise<T>, Answer<T>) {
    let place = Arc::new(Mutex::new(Place { answer: None, waker: None }));
    (Promise { place: Arc::clone(&place), broken: Some(broken) }, Box::pin(Promised(place)))
}

struct Place<T> {
    answer: Option<Result<T, StoreError>>,
    waker: Option<Waker>,
}

/// Whoever will answer.
pub struct Promise<T> {
    place: Arc<Mutex<Place<T>>>,
    broken: Option<StoreError>,
}

impl<T> Promise<T> {
    /// Answers.
    pub fn keep(mut self, answer: Result<T, StoreError>) {
        self.broken = None;
        self.give(answer);
    }

    fn give(&self, answer: Result<T, StoreError>) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.answer = Some(answer);
        let waker = place.waker.take();
        drop(place);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(broken) = self.broken.take() {
            self.give(Err(broken));
        }
    }
}

struct Promised<T>(Arc<Mutex<Place<T>>>);

impl<T> Future for Promised<T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = place.answer.take() {
            Poll::Ready(answer)
        } else {
            place.waker = Some(context.waker().clone());
            Poll::Pending
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken() -> StoreError {
        StoreError::WriterGone("gone".to_owned())
    }

    #[test]
    fn an_answer_comes_from_another_thread_or_is_broken() {
        let (promise, answer) = super::promise::<u32>(broken());
        let giver = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            promise.keep(Ok(7));
        });
        assert_eq!(wait(answer).unwrap(), 7);
        giver.join().unwrap();
        let (promise, answer) = super::promise::<u32>(broken());
        drop(promise);
        assert!(matches!(wait(answer), Err(StoreError::WriterGone(_))));
        let (promise, answer) = super::promise::<u32>(broken());
        drop(answer);
        promise.keep(Ok(1));
    }
}
