using Halo.Silo.Clustering;
using Npgsql;

namespace Halo.Silo.Tests.Clustering;

/// <summary>What is understood as a membership store, and what is said to the rest.</summary>
public sealed class MembershipStoreTests
{
    [Theory]
    [InlineData("/var/lib/halo/members.db", "/var/lib/halo/members.db")]
    [InlineData("  /var/lib/halo/members.db\n", "/var/lib/halo/members.db")]
    [InlineData("/data/a=b;c.db", "/data/a=b;c.db")]
    [InlineData("/data/./x/../members.db", "/data/members.db")]
    [InlineData("Data Source=/data/members.db", "/data/members.db")]
    [InlineData("datasource=/data/members.db;", "/data/members.db")]
    [InlineData("Filename=\"/data/with;semicolon.db\"", "/data/with;semicolon.db")]
    public void Parse_ASqliteFile_IsAFullPath(string text, string path)
    {
        MembershipStore store = MembershipStore.Parse(text);
        Assert.Equal("System.Data.SQLite", store.Invariant);
        Assert.Equal($"SQLite file {path}", store.Description);
        Assert.Equal(path, new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(store.ConnectionString).DataSource);
    }

    [Fact]
    public void Parse_ARelativePath_IsFromTheFolderOfThisProcess() =>
        Assert.Equal($"SQLite file {Path.GetFullPath("members.db")}", MembershipStore.Parse("members.db").Description);

    [Theory]
    [InlineData("Host=db;Database=halo;Username=me;Password=geheim", "db", 5432, "halo", "me")]
    [InlineData("server=db;port=5433;database=halo;user id=me;password=geheim", "db", 5433, "halo", "me")]
    [InlineData("postgres://me:geheim@db/halo", "db", 5432, "halo", "me")]
    [InlineData("PostgreSQL://me:geheim@[::1]:5433/halo", "::1", 5433, "halo", "me")]
    [InlineData("postgres://m%40e:geheim@db/ha%2Flo", "db", 5432, "ha/lo", "m@e")]
    public void Parse_APostgresDatabase_IsReadButNotItsPassword(string text, string host, int port, string database, string user)
    {
        MembershipStore store = MembershipStore.Parse(text);
        NpgsqlConnectionStringBuilder words = new(store.ConnectionString);
        Assert.Equal("Npgsql", store.Invariant);
        Assert.Equal((host, port, database, user, "geheim"), (words.Host, words.Port, words.Database, words.Username, words.Password));
        Assert.Equal(8, words.MaxPoolSize);
        Assert.Equal($"PostgreSQL database {database} on {host}:{port} (user {user})", store.Description);
    }

    [Fact]
    public void Parse_AnAddressWithOptions_TakesThem()
    {
        NpgsqlConnectionStringBuilder words = new(MembershipStore.Parse(
            "postgres://u:p%2525%3A%2F@db/halo?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&connect_timeout=3&application_name=b1").ConnectionString);
        Assert.Equal((SslMode.VerifyFull, "/etc/ca.pem", 3, "b1", "p%25:/"), (words.SslMode, words.RootCertificate, words.Timeout, words.ApplicationName, words.Password));
    }

    [Fact]
    public void Parse_APoolOfOnesOwnSize_KeepsIt() =>
        Assert.Equal(3, new NpgsqlConnectionStringBuilder(MembershipStore.Parse("Host=db;Maximum Pool Size=3").ConnectionString).MaxPoolSize);

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("  ", "is empty")]
    [InlineData(":memory:", "in memory")]
    [InlineData("Data Source=:memory:", "in memory")]
    [InlineData("Data Source=", "neither Data Source nor Host")]
    [InlineData("file:members.db?mode=memory", "begins with file:")]
    [InlineData("Data Source=a.db;Password=geheim", "further words: password")]
    [InlineData("mysql://me:geheim@db/halo", "begins with mysql://, which is not known")]
    [InlineData("Database=halo;Username=me;Password=geheim", "neither Data Source nor Host")]
    [InlineData("Host=;Database=halo;Password=geheim", "neither Data Source nor Host")]
    [InlineData("Host=db;Pasword=geheim", "pasword")]
    [InlineData("Host=db;Port=geheim", "port")]
    [InlineData("Host=db;Password=geheim;'", "no connection string")]
    [InlineData("postgres://me:geh@eim/geheim@db/halo", "write @ as %40")]
    [InlineData("postgres://me:geheim@x@db/halo", "write @ as %40")]
    [InlineData("postgres://me:12/geheim@db/halo", "write @ as %40")]
    [InlineData("postgres://me:12?geheim@db/halo", "write @ as %40")]
    [InlineData("postgres://me:geheim#x@db/halo", "write @ as %40")]
    [InlineData("postgres://me:geheim@db:port/halo", "write @ as %40")]
    [InlineData("postgres://me:geheim@/halo", "write @ as %40")]
    [InlineData("postgres:///halo", "without a host")]
    [InlineData("postgres://me:geheim@db/halo?sslmode=geheim", "must be one of disable, allow")]
    [InlineData("postgres://me:geheim@db/halo?connect_timeout=geheim", "1 to 1024 seconds")]
    [InlineData("postgres://me:geheim@db/halo?target_session_attrs=any", "target_session_attrs in the address")]
    public void Parse_AnythingElse_SaysWhatIsWrongWithoutSecrets(string text, string expected)
    {
        MembershipStoreException fault = Assert.Throws<MembershipStoreException>(() => MembershipStore.Parse(text));
        Assert.Contains(expected, fault.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("geheim", fault.ToString(), StringComparison.Ordinal);
    }
}
