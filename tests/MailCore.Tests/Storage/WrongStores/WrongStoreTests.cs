using MailCore.Storage;
using MailCore.Testing;
using MailCore.Testing.Storage;
using MailCore.Tests.Storage.InMemory;
using NUnit.Framework;

namespace MailCore.Tests.Storage.WrongStores;

/// <summary>A suite is worth what it rejects: stores that break one promise each, and the case that must notice.</summary>
[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WrongStoreTests
{
    private static IEnumerable<TestCaseData> Wrongs =>
    [
        Wrong("Uid_visible_after_a_higher_one", "A_poller_never_misses_a_row_and_uids_appear_in_order", static inner => new UidBeforeRowStore(inner, restamp: true)),
        Wrong("Highestmodseq_readable_past_an_invisible_change", "A_poller_never_misses_a_row_and_uids_appear_in_order", static inner => new UidBeforeRowStore(inner, restamp: false)),
        Wrong("Modseq_shared_by_two_commits", "Each_batch_has_a_modseq_of_its_own", static inner => new SharedModSeqStore(inner)),
        Wrong("Lost_tombstone", "The_feed_names_every_uid_that_vanished", static inner => new LostTombstoneStore(inner)),
        Wrong("Lost_tombstone", "Random_batches_do_as_the_model_does_seed_1", static inner => new LostTombstoneStore(inner)),
        Wrong("Move_without_vanished_rows", "A_move_is_one_change_with_one_modseq", static inner => new SilentMoveStore(inner)),
        Wrong("Paged_feed", "Past_the_limit_the_answer_is_truncated_and_never_a_page", static inner => new PagedFeedStore(inner)),
        Wrong("Load_without_the_modseq_it_is_valid_at", "A_load_is_valid_at_its_modseq", static inner => new LateAsOfStore(inner)),
        Wrong("Highestmodseq_of_the_account", "Highestmodseq_is_of_the_mailbox_and_modseq_of_the_account", static inner => new AccountWideHighestModSeqStore(inner)),
        Wrong("Feed_without_scope", "A_scope_leaves_other_mailboxes_out", static inner => new ScopelessFeedStore(inner)),
        Wrong("Commit_visible_late", "An_appended_message_is_there_when_the_commit_returns", static inner => new StaleLoadStore(inner)),
        Wrong("Batch_in_pieces", "A_failing_change_takes_the_whole_batch_with_it", static inner => new PiecemealStore(inner)),
        Wrong("Batch_in_pieces", "A_batch_has_one_modseq", static inner => new PiecemealStore(inner)),
        Wrong("Wrong_change_blamed", "An_error_names_the_first_change_that_fails", static inner => new WrongBlameStore(inner)),
        Wrong("Expunge_without_recheck_of_deleted", "Only_deleted_is_judged_inside_the_commit", static inner => new UncheckedExpungeStore(inner)),
        Wrong("Unchangedsince_ignored", "Rows_changed_since_are_refused_and_left_alone", static inner => new UnconditionalStore(inner)),
        Wrong("Copies_out_of_order", "Copies_stand_in_the_order_asked_for", static inner => new SortedCopyStore(inner)),
        Wrong("Quota_checked_outside_the_commit", "Appends_that_race_do_not_pass_the_quota", static inner => new QuotaRaceStore(inner)),
        Wrong("Keyword_overflow", "A_mailbox_has_56_keywords_and_not_one_more", static inner => new KeywordOverflowStore(inner)),
        Wrong("Delivery_key_checked_outside_the_commit", "Deliveries_that_race_deliver_once", static inner => new DeliveryRaceStore(inner)),
        Wrong("Recent_for_all", "Claiming_recent_gives_each_message_to_one_claimer", static inner => new RecentForAllStore(inner)),
        Wrong("Rename_without_children", "A_rename_keeps_identity_and_takes_what_is_below_along", static inner => new RenameAloneStore(inner)),
        Wrong("Last_message_not_shown", "A_scan_shows_what_a_read_gives", static inner => new ShortScanStore(inner)),
        Wrong("Details_of_another_message_shown", "A_scan_shows_what_a_read_gives", static inner => new ShiftedScanStore(inner)),
        Wrong("Lost_prefix", "A_prefix_stands_beside_the_content_and_counts_in_the_size", static inner => new LostPrefixStore(inner)),
        Wrong("Prefix_lost_by_copy", "A_copy_keeps_all_but_uid_and_save_date", static inner => new LossyCopyStore(inner, static row => row with { Prefix = default })),
        Wrong("Emailid_lost_by_copy", "A_copy_keeps_all_but_uid_and_save_date", static inner => new LossyCopyStore(inner, static row => row with { EmailId = new EmailId("copy") })),
        Wrong("Expunged_rows_gone_at_once", "Rows_and_content_of_expunged_messages_stay_readable_for_35_minutes", static inner => new HastyExpungeStore(inner)),
        Wrong("Uidvalidity_the_same_again", "A_name_made_again_has_a_higher_uidvalidity", static inner => new OneUidValidityStore(inner)),
        Wrong("Final_line_end_added", "Every_octet_value_and_line_ending_is_kept", static inner => new FinalLineEndStore(inner)),
        Wrong("Half_a_message_staged", "A_pipe_that_breaks_leaves_nothing_behind", static inner => new HalfMessageStore(inner)),
        Wrong("Row_before_content", "An_appended_message_is_there_when_the_commit_returns", static inner => new RowBeforeContentStore(inner)),
        Wrong("Size_not_that_of_the_octets", "Messages_are_as_long_as_their_rows_say", static inner => new WrongSizeStore(inner)),
        Wrong("Emailid_made_up", "Details_asked_for_are_there", static inner => new FreshEmailIdStore(inner)),
        Wrong("Save_date_of_the_original", "A_copy_keeps_all_but_uid_and_save_date", static inner => new LossyCopyStore(inner, static row => row with { SaveDate = row.InternalDate })),
        Wrong("Lost_hint_relied_on", "Lost_hints_cost_no_change", static inner => new HintedStore(inner)),
        Wrong("Expunges_forgotten_without_a_word", "A_question_from_long_ago_is_answered_exactly_or_truncated", static inner => new ShortMemoryStore(inner)),
        Wrong("Question_from_the_future_answered", "A_question_from_the_future_is_truncated", static inner => new FutureFeedStore(inner)),
        Wrong("Cancelled_commit_half_done", "A_commit_cancelled_at_any_await_happens_whole_or_not_at_all", static inner => new HalfCommitStore(inner)),
        Wrong("Lock_kept_by_a_cancelled_commit", "A_commit_cancelled_at_any_await_happens_whole_or_not_at_all", static inner => new KeptLockStore(inner)),
        Wrong("Cancelled_read_answered_in_part", "A_read_cancelled_at_any_await_answers_rightly_or_throws", static inner => new SwallowedCancellationStore(inner)),
        Wrong("Metadata_kept_as_text", "Metadata_is_kept_as_it_is_and_can_be_replaced_and_removed", static inner => new TextMetadataStore(inner)),
        Wrong("Metadata_not_in_the_feed", "Metadata_is_in_the_feed", static inner => new RowsOnlyFeedStore(inner)),
        Wrong("Rights_not_in_the_feed", "An_access_control_list_is_in_the_feed_and_stays_with_its_mailbox", static inner => new RowsOnlyFeedStore(inner)),
        Wrong("Rights_altered_outside_the_commit", "Rights_altered_at_once_all_count", static inner => new AclRaceStore(inner)),
        Wrong("Sharing_found_by_part_of_a_name", "Who_shares_with_whom_is_found", static inner => new LooseSharingStore(inner)),
        Forgetful("Special_use_lost", "Special_use_is_kept", static change => change is CreateMailbox create ? create with { SpecialUse = null } : change),
        Forgetful("Kept_uid_ignored", "A_kept_uid_must_not_be_below_uidnext", static change => change is AppendMessage append ? append with { KeepUid = null } : change),
        Forgetful("Kept_uidvalidity_ignored", "A_kept_uidvalidity_must_be_higher_than_those_before", static change => change is CreateMailbox create ? create with { KeepUidValidity = null } : change),
        Forgetful("Quota_of_messages_ignored", "A_quota_of_messages_is_exact_in_all_mailboxes_together", static change => change is SetQuota quota ? quota with { MessageLimit = null } : change),
        Forgetful("Inbox_in_capitals_only", "Inbox_is_known_in_any_case", static change => change is CreateMailbox { Name: "inbox" } create ? create with { Name = "another inbox" } : change),
        Forgetful("Names_without_case", "Names_are_unicode_and_compare_ordinally", static change => change is CreateMailbox create ? create with { Name = create.Name.ToLowerInvariant() } : change),
        Unwilling("Change_not_claimed_but_swallowed", "What_is_not_claimed_is_refused", static inner => new PoliteArchiveStore(inner)),
        Wrong("Announced_length_believed", "Octets_come_out_as_they_went_in", static inner => new GullibleStore(inner)),
    ];

    [TestCaseSource(nameof(Wrongs))]
    public void The_suite_rejects(ConformanceCase conformance, Func<IConformanceTarget> make) =>
        Assert.That(
            async () =>
            {
                // A race may be won by chance, but not ten times.
                for (var run = 0; run < 10; run++)
                {
                    await conformance.RunAsync(_ => Task.FromResult(make()));
                }
            },
            Throws.TypeOf<ConformanceException>());

    [Test]
    public void The_same_cases_pass_on_the_store_that_is_spoilt_here() =>
        Assert.That(
            async () =>
            {
                foreach (var conformance in Wrongs.Select(static wrong => (ConformanceCase)wrong.Arguments[0]!).Where(static conformance => conformance.Requires != StoreTraits.None))
                {
                    Assert.That(await conformance.RunAsync(static _ => Task.FromResult<IConformanceTarget>(new SpoiltTarget(static inner => inner))), conformance.Name);
                }
            },
            Throws.Nothing);

    private static TestCaseData Wrong(string what, string noticedBy, Func<IMailStore, IMailStore> spoil) => Wrong(what, noticedBy, () => new SpoiltTarget(spoil));

    private static TestCaseData Forgetful(string what, string noticedBy, Func<StoreChange, StoreChange> forget) =>
        Wrong(what, noticedBy, inner => new ForgetfulCommitStore(inner, forget));

    private static TestCaseData Unwilling(string what, string noticedBy, Func<IMailStore, IMailStore> spoil) => Wrong(what, noticedBy, () => new ReadOnlyTarget(spoil));

    private static TestCaseData Wrong(string what, string noticedBy, Func<IConformanceTarget> make) =>
        new TestCaseData(MailStoreConformance.Cases.Single(conformance => conformance.Name == noticedBy), make).SetArgDisplayNames(what, noticedBy);

    private sealed class SpoiltTarget : IConformanceTarget
    {
        private readonly MemoryTarget _target = new();

        public SpoiltTarget(Func<IMailStore, IMailStore> spoil) => Store = spoil(_target.Store);

        public IMailStore Store { get; }

        public ManualTimeProvider Clock => _target.Clock;

        public TimeSpan Patience => TimeSpan.FromSeconds(3);

        public ValueTask DisposeAsync() => _target.DisposeAsync();
    }
}
