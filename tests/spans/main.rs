//! Where the time goes is seen by whoever subscribes: every turn is a span, and so is every call with all that
//! follows from it.

mod following;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use bailiwick::{MemoryJournal, Runtime};
use bailiwick_examples::registration::{Course, Student, Subscribe};
use bailiwick_tests::fixtures::counter::{Count, Counter};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::{MakeWriter, fmt};

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Seen {
    type Writer = Seen;

    fn make_writer(&self) -> Seen {
        self.clone()
    }
}

#[tokio::test]
async fn a_turn_of_an_aggregate_and_one_of_decisions_are_spans() {
    let seen = Seen::default();
    let subscriber = fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(seen.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Counter>();
    let builder = builder.aggregate::<Student>().aggregate::<Course>().decision::<Subscribe>();
    let runtime = builder.start().await.unwrap();
    runtime.aggregates::<Counter>().get("a").ask(Count::FREELY).await.unwrap();
    let nobody = Subscribe { student: "s1".into(), course: "c1".into() };
    runtime.decide(nobody).await.unwrap_err();
    let seen = String::from_utf8(seen.0.lock().unwrap().clone()).unwrap();
    for turn in ["turn{aggregate=\"Counter\" id=a commands=1}", "turn{decisions=1}"] {
        assert!(seen.contains(turn), "{turn}: {seen}");
    }
}
