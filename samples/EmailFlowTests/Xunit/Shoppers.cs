namespace EmailFlowTests.Xunit;

// A class is the unit that xUnit runs in parallel.
public sealed class Shopper01(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper02(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper03(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper04(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper05(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper06(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper07(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper08(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper09(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper10(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper11(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper12(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper13(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper14(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper15(MailFixture fixture) : SignUpTests(fixture);
public sealed class Shopper16(MailFixture fixture) : SignUpTests(fixture);
