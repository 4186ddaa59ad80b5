namespace MailCore.Imap.Wire;

internal ref partial struct ImapReader
{
    /// <summary>Everything behind LIST and its space.</summary>
    public ListRequest ListRequest()
    {
        var selection = ListSelection.None;
        var isExtended = TryOpenList();
        if (isExtended)
        {
            selection = SelectionOptions();
            Space();
        }

        var reference = Astring().ToArray();
        Space();
        var patterns = new List<ListPattern>();
        if (TryOpenList())
        {
            isExtended = true;
            do
            {
                patterns.Add(new ListPattern([.. reference, .. ListMailbox()], ReadsUtf8Names));
            }
            while (!Failed && NextElement());
        }
        else if (ListMailbox() is { IsEmpty: false } pattern)
        {
            patterns.Add(new ListPattern([.. reference, .. pattern], ReadsUtf8Names));
        }

        var request = new ListRequest(patterns) { Selection = selection, IsExtended = isExtended };
        return TrySpace() ? ReturnOptions(request) : request;
    }

    private ListSelection SelectionOptions()
    {
        var start = _position;
        var selection = ListSelection.None;
        if (TryCloseList())
        {
            return selection;
        }

        do
        {
            var at = _position;
            var word = Word();
            ListSelection? option =
                Is(word, "SUBSCRIBED"u8) ? ListSelection.Subscribed
                : Is(word, "REMOTE"u8) ? ListSelection.Remote
                : Is(word, "RECURSIVEMATCH"u8) ? ListSelection.RecursiveMatch
                : Is(word, "SPECIAL-USE"u8) ? ListSelection.SpecialUse
                : null;
            if (option is null)
            {
                Fail("there is no such selection option", at);
            }

            selection |= option ?? ListSelection.None;
        }
        while (!Failed && NextElement());

        // RFC 5258 3.1.
        if (selection.HasFlag(ListSelection.RecursiveMatch) && (selection & ListSelection.Criteria) == 0)
        {
            Fail("RECURSIVEMATCH needs another option", start);
        }

        return selection;
    }

    private ListRequest ReturnOptions(ListRequest request)
    {
        var start = _position;
        if (!Is(Word(), "RETURN"u8))
        {
            Fail("RETURN expected", start);
        }

        Space();
        OpenList();
        request = request with { IsExtended = true };
        if (Failed || TryCloseList())
        {
            return request;
        }

        do
        {
            var at = _position;
            var word = Word();
            if (Is(word, "STATUS"u8))
            {
                Space();
                request = request with { Status = StatusItems() };
                continue;
            }

            if (Is(word, "METADATA"u8))
            {
                Space();
                request = request with { Metadata = MetadataEntries() };
                continue;
            }

            ListReturn? option =
                Is(word, "SUBSCRIBED"u8) ? ListReturn.Subscribed
                : Is(word, "CHILDREN"u8) ? ListReturn.Children
                : Is(word, "SPECIAL-USE"u8) ? ListReturn.SpecialUse
                : Is(word, "MYRIGHTS"u8) ? ListReturn.MyRights
                : null;
            if (option is null)
            {
                Fail("there is no such return option", at);
            }

            request = request with { Return = request.Return | (option ?? ListReturn.None) };
        }
        while (!Failed && NextElement());

        return request;
    }
}
