using System.Text;

namespace MailCore.Imap.Wire;

internal ref partial struct ImapReader
{
    private static ReadOnlySpan<byte> Months => "JanFebMarAprMayJunJulAugSepOctNovDec"u8;

    /// <summary>date (RFC 3501 9): a day without a zone, with or without quotes.</summary>
    public DateOnly Date()
    {
        var quoted = TryByte((byte)'"');
        var date = Day();
        if (quoted)
        {
            Expect((byte)'"', "'\"' expected");
        }

        return date;
    }

    /// <summary>date-time: to the second, with its zone. A day of one digit need not have the space before it.</summary>
    public DateTimeOffset DateTime()
    {
        Expect((byte)'"', "a date in quotes expected");
        TrySpace();
        var start = _position;
        var day = Day();
        Space();
        var hour = Digits(2);
        Expect((byte)':', "':' expected");
        var minute = Digits(2);
        Expect((byte)':', "':' expected");
        var second = Digits(2);
        Space();
        var west = TryByte((byte)'-');
        if (!west)
        {
            Expect((byte)'+', "'+' or '-' expected");
        }

        var zone = Digits(4);
        Expect((byte)'"', "'\"' expected");
        // A leap second has no other place to go.
        if (!Failed && (hour > 23 || minute > 59 || second > 60 || zone / 100 > 13 || zone % 100 > 59))
        {
            Fail("there is no such time", start);
        }

        if (Failed)
        {
            return default;
        }

        var offset = new TimeSpan(zone / 100, zone % 100, 0) * (west ? -1 : 1);
        var local = day.ToDateTime(new TimeOnly(hour, minute, Math.Min(second, 59)));
        if (local.Ticks < offset.Ticks || local.Ticks - offset.Ticks > System.DateTime.MaxValue.Ticks)
        {
            Fail("there is no such time", start);
            return default;
        }

        return new DateTimeOffset(local, offset);
    }

    private DateOnly Day()
    {
        var start = _position;
        var day = (int)Math.Min(Number(), 99);
        Expect((byte)'-', "'-' expected");
        var month = Month();
        Expect((byte)'-', "'-' expected");
        var year = Digits(4);
        if (!Failed && (year == 0 || day == 0 || day > System.DateTime.DaysInMonth(year, month)))
        {
            Fail("there is no such day", start);
        }

        return Failed ? default : new DateOnly(year, month, day);
    }

    private int Month()
    {
        if (Rest.Length >= 3)
        {
            for (var month = 0; month < 12; month++)
            {
                if (Ascii.EqualsIgnoreCase(Rest[..3], Months.Slice(month * 3, 3)))
                {
                    _position += 3;
                    return month + 1;
                }
            }
        }

        Fail("a month expected");
        return 0;
    }

    private int Digits(int count)
    {
        var value = 0;
        for (var i = 0; i < count; i++)
        {
            if (Next is not (>= (byte)'0' and <= (byte)'9'))
            {
                Fail("a digit expected");
                return 0;
            }

            value = (value * 10) + Next - '0';
            _position++;
        }

        return value;
    }
}
