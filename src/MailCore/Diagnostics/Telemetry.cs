using System.Diagnostics;

namespace MailCore.Diagnostics;

/// <summary>What metrics and traces of several layers have in common.</summary>
internal static class Telemetry
{
    private static readonly string[] Classes = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx"];

    /// <summary>The tag for an SMTP reply: its first digit.</summary>
    public static KeyValuePair<string, object?> ReplyClass(int code) => new("mailcore.smtp.reply_class", Classes[code / 100]);

    /// <summary>Ends an activity that is not the current one, and leaves that alone.</summary>
    public static void Stop(Activity activity)
    {
        var current = Activity.Current;
        activity.Stop();
        Activity.Current = current == activity ? activity.Parent : current;
    }
}
