using System.Data.Common;
using Halo.Silo.Clustering;

namespace Halo.Silo.Tests.Clustering;

/// <summary>Making a database ready: at once by many, again, over what older and newer programs left.</summary>
public sealed class StoreStartTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private const int Processes = 8;

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Initialize_OfEightAtOnceTwice_MakesItOnce(StoreKind kind)
    {
        await using TestStore made = await TestStore.MakeAsync(kind, server);

        for (int time = 0; time < 2; time++)
        {
            using Barrier start = new(Processes);
            await Task.WhenAll(Enumerable.Range(0, Processes).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    // As processes do: each reads the text and connects by itself.
                    MembershipStore store = MembershipStore.Parse(made.Store.ConnectionString.Split(";Mode=")[0]);
                    start.SignalAndWait();
                    return store.InitializeAsync();
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).Unwrap()));
            StoredQueries queries = await made.QueriesAsync();
            Assert.Equal(9, queries.Texts.Count);
            Assert.Equal(time == 0, await queries.InsertVersionAsync());
        }
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Initialize_WithAChangedStatement_StoresItAndKeepsMembersAndForeignStatements(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await TestStore.ReadyAsync(kind, server);
        await using TestStore store = made;
        await queries.InsertVersionAsync();
        Assert.True(await queries.InsertAsync(new MemberRow(), 0));
        await made.ExecuteAsync("UPDATE OrleansQuery SET QueryText = 'SELECT 1' WHERE QueryKey = 'GatewaysQueryKey'");
        await made.ExecuteAsync("DELETE FROM OrleansQuery WHERE QueryKey = 'MembershipReadAllKey'");
        await made.ExecuteAsync("INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ('ForeignKey', 'SELECT 2')");

        await made.Store.InitializeAsync();

        StoredQueries after = await made.QueriesAsync();
        Assert.Equal("SELECT 2", after.Texts["ForeignKey"]);
        Assert.Equal(queries.Texts, after.Texts.Where(text => text.Key != "ForeignKey").ToDictionary());
        Assert.Equal(1, (await after.ReadAllAsync()).Version);
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Initialize_OverANewerSchema_RefusesAndLeavesItAlone(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await TestStore.ReadyAsync(kind, server);
        await using TestStore store = made;
        StoreScripts newer = Scripts(kind) with
        {
            Version = StoreScripts.CurrentVersion + 1,
            Queries = new Dictionary<string, string> { ["GatewaysQueryKey"] = "SELECT 'newer'" },
        };
        await made.Store.InitializeAsync(newer, CancellationToken.None);
        Assert.Equal("SELECT 'newer'", (await made.QueriesAsync()).Texts["GatewaysQueryKey"]);

        MembershipStoreException fault = await Assert.ThrowsAsync<MembershipStoreException>(() => made.Store.InitializeAsync());

        Assert.Contains("version 2", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Update this program", fault.Message, StringComparison.Ordinal);
        Assert.Equal("SELECT 'newer'", (await made.QueriesAsync()).Texts["GatewaysQueryKey"]);
        Assert.NotEmpty(queries.Texts);
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Initialize_OverTablesOfSomeoneElse_RefusesThem(StoreKind kind)
    {
        await using TestStore made = await TestStore.MakeAsync(kind, server);
        await made.ExecuteAsync("CREATE TABLE OrleansMembershipTable (DeploymentId text)", create: true);

        MembershipStoreException fault = await Assert.ThrowsAsync<MembershipStoreException>(() => made.Store.InitializeAsync());

        Assert.Contains("OrleansMembershipTable", fault.Message, StringComparison.Ordinal);
        Assert.Contains("a database of its own", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Initialize_ThatFailsHalfWay_LeavesNothing(StoreKind kind)
    {
        await using TestStore made = await TestStore.MakeAsync(kind, server);
        StoreScripts faulty = Scripts(kind) with { Tables = "CREATE TABLE OrleansQuery (QueryKey text, QueryText text)" };

        await Assert.ThrowsAsync<MembershipStoreException>(() => made.Store.InitializeAsync(faulty, CancellationToken.None));

        await made.Store.InitializeAsync();
        Assert.Equal(9, (await made.QueriesAsync()).Texts.Count);
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Initialize_Again_WritesNothing(StoreKind kind)
    {
        (TestStore made, _) = await TestStore.ReadyAsync(kind, server);
        await using TestStore store = made;
        await using DbConnection watcher = await made.OpenAsync();
        // What any write of another connection changes: SQLite's counter, or the transactions that wrote the rows.
        string query = kind == StoreKind.Sqlite ? "PRAGMA data_version" : "SELECT string_agg(xmin::text, ',' ORDER BY QueryKey) FROM OrleansQuery";
        string before = await ScalarAsync(watcher, query);

        await made.Store.InitializeAsync();

        Assert.Equal(before, await ScalarAsync(watcher, query));
        await made.ExecuteAsync("UPDATE OrleansQuery SET QueryText = 'SELECT 1' WHERE QueryKey = 'GatewaysQueryKey'");
        Assert.NotEqual(before, await ScalarAsync(watcher, query));
    }

    [Fact]
    public async Task Initialize_OfASqliteFile_UsesALogBesideIt()
    {
        (TestStore made, _) = await TestStore.ReadyAsync(StoreKind.Sqlite, server);
        await using TestStore store = made;
        await using DbConnection connection = await made.OpenAsync();

        Assert.Equal("wal", await ScalarAsync(connection, "PRAGMA journal_mode"));
        Assert.Equal("2", await ScalarAsync(connection, "PRAGMA synchronous"));
    }

    private static StoreScripts Scripts(StoreKind kind) => StoreScripts.Load(kind == StoreKind.Sqlite ? StoreDialect.Sqlite : StoreDialect.Postgres);

    private static async Task<string> ScalarAsync(DbConnection connection, string query)
    {
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = query;
        return $"{await command.ExecuteScalarAsync()}";
    }
}
