namespace MailCore.InteropTests.Inbox;

/// <summary>HTML that tries to run, to load and to lead away.</summary>
internal static class HostileMail
{
    // Each is told apart by the path that it would ask for.
    private static readonly string[] Attempts =
    [
        "<img src=\"{0}/pixel\" width=1 height=1>",
        "<img srcset=\"{0}/srcset 1x\">",
        "<picture><source srcset=\"{0}/source\"><img></picture>",
        "<script>new Image().src = '{0}/script'; document.title = 'owned'; try {{ top.document.title = 'owned'; }} catch {{ }}</script>",
        "<script src=\"{0}/script-file.js\"></script>",
        "<script type=module>import '{0}/module.js';</script>",
        "<img src=\"data:,\" onerror=\"new Image().src = '{0}/onerror'\">",
        "<svg onload=\"new Image().src = '{0}/svg-onload'\"></svg>",
        "<svg width=9 height=9><image href=\"{0}/svg-image\" width=9 height=9 /></svg>",
        "<input autofocus onfocus=\"new Image().src = '{0}/onfocus'\">",
        "<details open ontoggle=\"new Image().src = '{0}/ontoggle'\"></details>",
        "<style>@import url('{0}/import.css'); #a {{ background: url('{0}/css-url'); }}</style><div id=a>a</div>",
        "<style>@font-face {{ font-family: f; src: url('{0}/font'); }} #f {{ font-family: f; }}</style><p id=f>f</p>",
        "<p style=\"background-image: url('{0}/style-url')\">b</p>",
        "<p style=\"list-style-image: url({0}/list-url); display: list-item\">c</p>",
        "<link rel=stylesheet href=\"{0}/link.css\">",
        "<link rel=preload as=image href=\"{0}/preload\">",
        "<link rel=prefetch href=\"{0}/prefetch\">",
        "<link rel=icon href=\"{0}/icon\">",
        "<iframe src=\"{0}/iframe\"></iframe>",
        "<iframe srcdoc=\"<img src='{0}/srcdoc'>\"></iframe>",
        "<object data=\"{0}/object\"></object>",
        "<embed src=\"{0}/embed\">",
        "<video src=\"{0}/video\" poster=\"{0}/poster\" autoplay muted></video>",
        "<audio src=\"{0}/audio\" autoplay></audio>",
        "<table background=\"{0}/table\"><tr><td>d</table>",
        "<input type=image src=\"{0}/input-image\">",
        "<base href=\"{0}/base/\"><img src=\"relative\">",
    ];

    /// <summary>What must happen by itself in a page without protection; else the test shows nothing.</summary>
    public static string[] Expected { get; } =
        ["/pixel", "/srcset", "/source", "/script", "/script-file.js", "/module.js", "/onerror", "/svg-onload", "/svg-image", "/onfocus", "/ontoggle", "/import.css", "/css-url", "/font", "/style-url", "/list-url",
            "/link.css", "/preload", "/iframe", "/srcdoc", "/object", "/embed", "/video", "/poster", "/audio", "/table", "/input-image", "/base/relative"];

    /// <summary>A document whose attempts go to this address.</summary>
    public static string Document(string target) => string.Concat(Attempts.Select(attempt => string.Format(null, attempt, target) + "\r\n"));

    /// <summary>Leads away without a click.</summary>
    public static string Redirecting(string target) => $"<meta http-equiv=\"refresh\" content=\"0;url={target}/refresh\"><p>wait</p>";

    /// <summary>Leads away by a click into its upper left corner.</summary>
    public static string Clickable(string target, string link) =>
        $"<a href=\"{target}/click\" {link} style=\"position: fixed; left: 0; top: 0; width: 300px; height: 100px; background: red\">here</a>";

    /// <summary>Sends a form by a click into its upper left corner.</summary>
    public static string Form(string target) =>
        $"<form action=\"{target}/click\" method=post target=_top><button style=\"position: fixed; left: 0; top: 0; width: 300px; height: 100px\">here</button></form>";

    /// <summary>As mail.</summary>
    public static string Message(string subject, string html) =>
        $"From: mallory@evil.example\r\nTo: alice@example.org\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n";
}
