namespace MailCore.Storage;

/// <summary>How far long work has come; reported from whatever thread does the work.</summary>
/// <param name="Step">In a few words, what is being done.</param>
/// <param name="Done">Of <paramref name="Total"/>; in what unit depends on the step.</param>
/// <param name="Total">0 when it is not known.</param>
public readonly record struct WorkProgress(string Step, long Done, long Total);
