//! The whole morning, as small as it can be and still be one.

use clap::Parser;

use super::*;

/// What is printed, without colours.
async fn printed(args: &[&str]) -> Result<String, Failure> {
    let all = ["course_registration", "--seconds", "0", "--students", "60"];
    let args = Args::try_parse_from(all.iter().chain(args)).unwrap();
    let mut page = Vec::new();
    run(&args, &mut page, false).await?;
    let page = String::from_utf8(page).unwrap();
    Ok(anstream::adapter::strip_str(&page).to_string())
}

fn assert_fits(page: &str) {
    let wide = page.lines().find(|line| line.chars().count() >= style::WIDTH);
    assert_eq!(wide, None, "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_is_proven_wherever_the_journal_is() {
    for place in [&[][..], &["--memory"]] {
        let page = printed(place).await.unwrap();
        assert_eq!(page.matches('✓').count(), 9, "{page}");
        assert!(page.contains("astronomy"), "{page}");
        assert_fits(&page);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_morning_that_was_kept_is_proven_again_and_nothing_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--data", folder.path().to_str().unwrap()];
    let first = printed(&data).await.unwrap();
    let again = printed(&data).await.unwrap();
    assert!(again.contains("Nothing is added."), "{again}");
    assert_eq!(again.matches('✓').count(), 8, "nobody is there who was answered: {again}");
    let last = |page: &str| page.lines().last().map(str::to_owned);
    assert_eq!(last(&first), last(&again));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_of_something_else_is_not_taken_for_a_morning() {
    let folder = tempfile::tempdir().unwrap();
    let journal = bailiwick_journal::FileJournal::open(folder.path()).unwrap();
    let other = bailiwick::Runtime::builder(journal)
        .aggregate::<bailiwick_examples::streaming::AccountSessions>()
        .start()
        .await
        .unwrap();
    let accounts = other.aggregates::<bailiwick_examples::streaming::AccountSessions>();
    let limit = bailiwick_examples::streaming::SetLimit { limit: 2 };
    accounts.get("a").ask(limit).await.unwrap();
    other.shutdown(std::time::Duration::from_secs(60)).await;
    drop(accounts);
    let error = printed(&["--data", folder.path().to_str().unwrap()]).await.unwrap_err();
    let text = "the journal contradicts the rules: position 1: ";
    assert!(error.to_string().starts_with(text), "{error}");
}
