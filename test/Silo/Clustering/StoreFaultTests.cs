using Halo.Silo.Clustering;
using Npgsql;

namespace Halo.Silo.Tests.Clustering;

/// <summary>Databases that cannot be used: what is said about each.</summary>
public sealed class StoreFaultTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Sqlite_InAFolderThatIsNotThere_NamesTheFolder()
    {
        using TemporaryFolder folder = new();
        string missing = folder.File("missing");
        Assert.Contains($"There is no folder {missing}", await FaultAsync(Path.Combine(missing, "members.db")), StringComparison.Ordinal);
        Assert.False(Directory.Exists(missing));
    }

    [Fact]
    public async Task Sqlite_ThatIsAFolder_AsksForAFile()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("is a folder; name a SQLite file in it", await FaultAsync(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sqlite_WhereNoFileCanBeMade_SaysWhoMustBeAbleToWrite()
    {
        // Not even root makes files there.
        string message = await FaultAsync("/proc/self/members.db");
        Assert.Contains($"cannot be opened for writing by user {Environment.UserName}", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sqlite_ThatIsAnotherFile_IsLeftAlone()
    {
        using TemporaryFolder folder = new();
        string text = new('x', 5000);
        await File.WriteAllTextAsync(folder.File("letter.txt"), text);

        Assert.Contains("is no SQLite database", await FaultAsync(folder.File("letter.txt")), StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(folder.File("letter.txt")));
    }

    [Fact]
    public async Task Sqlite_OnALinkInACircle_SaysSo()
    {
        using TemporaryFolder folder = new();
        File.CreateSymbolicLink(folder.File("members.db"), folder.File("other.db"));
        File.CreateSymbolicLink(folder.File("other.db"), folder.File("members.db"));
        Assert.Contains("symbolic links that lead in a circle", await FaultAsync(folder.File("members.db")), StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Postgres_WithAWrongPassword_NamesTheUserAndNoPassword()
    {
        string message = await FaultAsync(Changed(words => words.Password = "wrong-password"));
        Assert.Contains("user postgres", message, StringComparison.Ordinal);
        Assert.Contains("28P01", message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-password", message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Postgres_WithoutSuchADatabase_TellsHowToMakeIt()
    {
        string message = await FaultAsync(Changed(words => words.Database = "nowhere"));
        Assert.Contains("\"nowhere\" does not exist", message, StringComparison.Ordinal);
        Assert.Contains("createdb", message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Postgres_ForAUserWithoutRights_AsksForThem()
    {
        string database = await server.CreateDatabaseAsync();
        await PostgresServer.ExecuteAsync(database, "CREATE ROLE guest LOGIN PASSWORD 'guest'; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        NpgsqlConnectionStringBuilder guest = new(database) { Username = "guest", Password = "guest" };
        Assert.Contains("CREATE and USAGE on the schema", await FaultAsync(guest.ConnectionString), StringComparison.Ordinal);

        // Once an administrator has made the tables, reading and writing is enough.
        await MembershipStore.Parse(database).InitializeAsync();
        await PostgresServer.ExecuteAsync(database, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest");
        await MembershipStore.Parse(guest.ConnectionString).InitializeAsync();
    }

    [PostgresFact]
    public async Task Postgres_WantingEncryptionThatIsNotThere_SpeaksOfIt() =>
        Assert.Contains("TLS", await FaultAsync(Changed(words => words.SslMode = SslMode.Require)), StringComparison.Ordinal);

    [PostgresFact]
    public async Task Postgres_ByItsAddress_IsTheSameDatabase()
    {
        string database = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync()).Database!;
        MembershipStore store = MembershipStore.Parse($"postgres://postgres:{server.Password}@127.0.0.1:{server.Port}/{database}?sslmode=disable");
        await store.InitializeAsync();
        await PostgresServer.ExecuteAsync(store.ConnectionString, "SELECT Version FROM HaloMembershipSchema");
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port={0};Database=halo;Username=halo;Password=geheim;Timeout=5", "127.0.0.1")]
    [InlineData("Host=no-such-host.invalid;Port={0};Database=halo;Username=halo;Password=geheim;Timeout=5", "no-such-host.invalid")]
    public async Task Postgres_ThatIsNotThere_SaysWhatToLookAt(string text, string host)
    {
        string message = await FaultAsync(text.Replace("{0}", $"{ClosedPort()}", StringComparison.Ordinal));
        Assert.Contains($"PostgreSQL database halo on {host}:", message, StringComparison.Ordinal);
        Assert.Contains("cannot be reached", message, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", message, StringComparison.Ordinal);
    }

    private string Changed(Action<NpgsqlConnectionStringBuilder> change)
    {
        NpgsqlConnectionStringBuilder words = new(server.ConnectionString);
        change(words);
        return words.ConnectionString;
    }

    private static async Task<string> FaultAsync(string text) =>
        (await Assert.ThrowsAsync<MembershipStoreException>(() => MembershipStore.Parse(text).InitializeAsync())).Message;

    private static int ClosedPort()
    {
        using System.Net.Sockets.TcpListener listener = new(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
