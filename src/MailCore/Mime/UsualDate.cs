namespace MailCore.Mime;

/// <summary>
/// The form that nearly all dates of messages have, "Mon, 5 Jan 2026 10:00:00 +0100" to the letter, in a fraction of the time. What is
/// of another form may be a date all the same.
/// </summary>
internal static class UsualDate
{
    private const int DayStart = 5;

    // " Jan 2026 10:00:00 +0100"
    private const int RestLength = 24;

    /// <summary>As <see cref="MailDate.TryParse"/> would, for that form alone.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out DateTimeOffset date)
    {
        date = default;
        var dayLength = value.Length - DayStart - RestLength;
        if (dayLength is not (1 or 2) || value[3] != ',' || value[4] != ' ' || Find(value[..3], "MonTueWedThuFriSatSun"u8) == 0)
            return false;

        var rest = value[(DayStart + dayLength)..];
        if (rest[0] != ' ' || rest[4] != ' ' || rest[9] != ' ' || rest[12] != ':' || rest[15] != ':' || rest[18] != ' ')
            return false;

        var day = Number(value.Slice(DayStart, dayLength));
        var month = Find(rest[1..4], "JanFebMarAprMayJunJulAugSepOctNovDec"u8);
        var year = Number(rest[5..9]);
        var (hour, minute, second) = (Number(rest[10..12]), Number(rest[13..15]), Number(rest[16..18]));
        var (zoneHours, zoneMinutes) = (Number(rest[20..22]), Number(rest[22..24]));
        // With a year to spare, that the zone could lead to.
        if (month == 0 || year is < 2 or > 9998 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 59
            || zoneHours is < 0 or > 13 || zoneMinutes is < 0 or > 59 || rest[19] is not ((byte)'+' or (byte)'-'))
        {
            return false;
        }

        var offset = new TimeSpan(zoneHours, zoneMinutes, 0);
        date = new DateTimeOffset(year, month, day, hour, minute, second, rest[19] == '-' ? -offset : offset);
        return true;
    }

    /// <summary>Which of several names of three letters it is, from 1 on; 0 for none.</summary>
    private static int Find(ReadOnlySpan<byte> name, ReadOnlySpan<byte> names)
    {
        var at = names.IndexOf(name);
        return at >= 0 && at % 3 == 0 ? 1 + at / 3 : 0;
    }

    // Below zero where there is another octet than a digit.
    private static int Number(ReadOnlySpan<byte> digits)
    {
        var number = 0;
        foreach (var octet in digits)
        {
            if (!char.IsAsciiDigit((char)octet))
                return -1;

            number = number * 10 + octet - '0';
        }

        return number;
    }
}
