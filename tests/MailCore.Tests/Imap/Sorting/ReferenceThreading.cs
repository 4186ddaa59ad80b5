using System.Text;

namespace MailCore.Tests.Imap.Sorting;

/// <summary>The algorithms of RFC 5256 3 as they are told there, with objects, lists and recursion.</summary>
internal static class ReferenceThreading
{
    public static string References(IReadOnlyList<ModelMail> mails, bool refs = false)
    {
        var root = Link(mails);
        var tops = root.Children.ToList();
        foreach (var child in tops)
        {
            Prune(child);
        }

        if (refs)
        {
            root.Children.ForEach(static child => Sort(child, static mail => mail.Date));
            // Dovecot's order where the draft has none: threads whose beginning is missing as it was named, then by the numbers of the first messages.
            var missing = tops.Where(static top => top.Mail is null).ToDictionary(top => top, top => tops.IndexOf(top) - tops.Count);
            root.Children = [.. root.Children.OrderBy(child => (child.All().Max(static mail => mail.Date.ToUniversalTime()), missing.GetValueOrDefault(child.Top ?? child, child.Mail?.Number ?? 0)))];
            return Write(root);
        }

        foreach (var child in root.Children.Where(static child => child.Mail is null))
        {
            child.Children = [.. child.Children.OrderBy(static grandchild => grandchild.Key(static mail => mail.Date))];
        }

        root.Children = [.. root.Children.OrderBy(static child => child.Key(static mail => mail.Date))];
        Merge(root);
        Sort(root, static mail => mail.Date);
        return Write(root);
    }

    public static string OrderedSubject(IReadOnlyList<ModelMail> mails)
    {
        var root = new Place(null);
        foreach (var group in mails.GroupBy(static mail => ReferenceSubject.Of(mail.Subject).Base.ToUpperInvariant()))
        {
            var sorted = group.OrderBy(static mail => (mail.Date, mail.Number)).ToList();
            var first = new Place(sorted[0]);
            first.Children.AddRange(sorted.Skip(1).Select(static mail => new Place(mail)));
            root.Add(first);
        }

        root.Children = [.. root.Children.OrderBy(static child => child.Key(static mail => mail.Date))];
        return Write(root);
    }

    private static Place Link(IReadOnlyList<ModelMail> mails)
    {
        var places = new Dictionary<string, Place>();
        var all = new List<Place>();
        Place Of(string id)
        {
            if (!places.TryGetValue(id, out var place))
            {
                places[id] = place = new Place(null);
                all.Add(place);
            }

            return place;
        }

        foreach (var mail in mails)
        {
            var place = mail.Id is null ? null : Of(mail.Id);
            if (place is null || place.Mail is not null)
            {
                place = new Place(null);
                all.Add(place);
            }

            place.Mail = mail;
            Place? last = null;
            foreach (var id in mail.References)
            {
                var next = Of(id);
                if (last is not null && next.Parent is null && next != last && !last.IsBelow(next))
                {
                    last.Add(next);
                }

                last = next;
            }

            last ??= mail.References.Length == 0 && mail.InReplyTo is not null ? Of(mail.InReplyTo) : null;
            if (place.Parent == last)
            {
                continue;
            }

            place.Parent?.Remove(place);
            if (last is not null && last != place && !last.IsBelow(place))
            {
                last.Add(place);
            }
        }

        var root = new Place(null);
        foreach (var top in all.Where(static place => place.Parent is null))
        {
            root.Add(top);
        }

        return root;
    }

    private static void Prune(Place place)
    {
        foreach (var child in place.Children.ToList())
        {
            Prune(child);
        }

        if (place.Mail is not null)
        {
            return;
        }

        var parent = place.Parent!;
        if (place.Children.Count == 0)
        {
            parent.Remove(place);
        }
        else if (parent.Parent is not null || place.Children.Count == 1)
        {
            foreach (var child in place.Children.ToList())
            {
                place.Remove(child);
                parent.Add(child);
                child.Top = parent.Parent is null ? place : child.Top;
            }

            parent.Remove(place);
        }
    }

    private static void Merge(Place root)
    {
        var table = new Dictionary<string, Place>();
        foreach (var current in root.Children)
        {
            var (subject, isReply) = current.Subject();
            if (subject.Length == 0 || table.TryAdd(subject, current))
            {
                continue;
            }

            var there = table[subject];
            if (there.Mail is not null && (current.Mail is null || (there.Subject().IsReply && !isReply)))
            {
                table[subject] = current;
            }
        }

        foreach (var current in root.Children.ToList())
        {
            var (subject, isReply) = current.Subject();
            if (subject.Length == 0 || table[subject] is var there && (there == current || current.Parent != root))
            {
                continue;
            }

            root.Remove(current);
            if (there.Mail is null && current.Mail is null)
            {
                foreach (var child in current.Children.ToList())
                {
                    there.Add(child);
                }
            }
            else if (there.Mail is null || (isReply && !there.Subject().IsReply))
            {
                there.Add(current);
            }
            else
            {
                var both = new Place(null);
                root.Remove(there);
                both.Add(there);
                both.Add(current);
                root.Add(both);
                table[subject] = both;
            }
        }
    }

    private static void Sort(Place place, Func<ModelMail, DateTimeOffset> date)
    {
        foreach (var child in place.Children)
        {
            Sort(child, date);
        }

        place.Children = [.. place.Children.OrderBy(child => child.Key(date))];
    }

    private static string Write(Place root)
    {
        var text = new StringBuilder("* THREAD");
        text.Append(root.Children.Count > 0 ? " " : "");
        foreach (var child in root.Children)
        {
            text.Append('(').Append(Members(child)).Append(')');
        }

        return text.ToString();
    }

    private static string Members(Place place)
    {
        var below = place.Children.Count == 1 ? Members(place.Children[0]) : string.Concat(place.Children.Select(static child => $"({Members(child)})"));
        return place.Mail is null ? below : below.Length == 0 ? $"{place.Mail.Number}" : $"{place.Mail.Number} {below}";
    }

    private sealed class Place(ModelMail? mail)
    {
        public ModelMail? Mail { get; set; } = mail;

        public Place? Parent { get; private set; }

        /// <summary>The missing beginning in whose place it came to stand.</summary>
        public Place? Top { get; set; }

        public List<Place> Children { get; set; } = [];

        public bool IsBelow(Place other) => Parent is not null && (Parent == other || Parent.IsBelow(other));

        public void Add(Place child)
        {
            Children.Add(child);
            child.Parent = this;
        }

        public void Remove(Place child)
        {
            Children.Remove(child);
            child.Parent = null;
        }

        public (DateTimeOffset, int) Key(Func<ModelMail, DateTimeOffset> date) =>
            Mail is null ? Children[0].Key(date) : (date(Mail).ToUniversalTime(), Mail.Number);

        public (string Base, bool IsReply) Subject()
        {
            var (text, isReply) = ReferenceSubject.Of((Mail ?? Children[0].Mail!).Subject);
            return (text.ToUpperInvariant(), Mail is not null && isReply);
        }

        public IEnumerable<ModelMail> All() => (Mail is null ? [] : new[] { Mail }).Concat(Children.SelectMany(static child => child.All()));
    }
}
