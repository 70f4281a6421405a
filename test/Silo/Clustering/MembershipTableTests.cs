namespace Halo.Silo.Tests.Clustering;

/// <summary>What Orleans expects of its membership table, on the statements that a database holds.</summary>
public sealed class MembershipTableTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Queries_OfAReadyStore_AreTheNineThatOrleansReads(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await TestStore.ReadyAsync(kind, server);
        await using TestStore store = made;

        string[] expected =
        [
            "CleanupDefunctSiloEntriesKey", "DeleteMembershipTableEntriesKey", "GatewaysQueryKey", "InsertMembershipKey", "InsertMembershipVersionKey",
            "MembershipReadAllKey", "MembershipReadRowKey", "UpdateIAmAlivetimeKey", "UpdateMembershipKey",
        ];
        Assert.Equal(expected, queries.Texts.Keys.Order());
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task InsertVersion_Twice_MakesOne(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await TestStore.ReadyAsync(kind, server);
        await using TestStore store = made;

        Assert.True(await queries.InsertVersionAsync());
        Assert.False(await queries.InsertVersionAsync());
        Assert.True(await queries.InsertVersionAsync("other"));
        (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
        Assert.Equal(0, version);
        Assert.Empty(rows);
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task InsertVersion_AfterChanges_LeavesItAlone(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await JoinedAsync(kind, new MemberRow());
        await using TestStore store = made;

        Assert.False(await queries.InsertVersionAsync());
        Assert.Equal(1, (await queries.ReadAllAsync()).Version);
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Insert_AtTheVersionRead_KeepsEveryColumn(StoreKind kind)
    {
        MemberRow row = new()
        {
            Address = "fe80::12",
            HostName = "bücher'; --",
            ProxyPort = 0,
            Generation = -5,
            IAmAliveTime = MemberRow.Start.AddMicroseconds(123_457),
        };
        (TestStore made, StoredQueries queries) = await JoinedAsync(kind, row);
        await using TestStore store = made;

        (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
        Assert.Equal(1, version);
        Assert.Equal(row, Assert.Single(rows));
        (version, rows) = await queries.ReadRowAsync(row);
        Assert.Equal(1, version);
        Assert.Equal(row, Assert.Single(rows));
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task ReadRow_OfASiloThatIsNotThere_GivesTheVersionAlone(StoreKind kind)
    {
        MemberRow row = new();
        (TestStore made, StoredQueries queries) = await JoinedAsync(kind, row);
        await using TestStore store = made;

        foreach (MemberRow other in new[] { row with { Address = "10.0.0.2" }, row with { Port = 1 }, row with { Generation = 1 } })
        {
            (int version, List<MemberRow> rows) = await queries.ReadRowAsync(other);
            Assert.Equal(1, version);
            Assert.Empty(rows);
        }
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Insert_AtAnotherVersionOrAgainOrWithoutVersion_IsRefusedWhole(StoreKind kind)
    {
        MemberRow first = MemberRow.Number(1);
        (TestStore made, StoredQueries queries) = await JoinedAsync(kind, first);
        await using TestStore store = made;

        Assert.False(await queries.InsertAsync(MemberRow.Number(2), version: 0));
        Assert.False(await queries.InsertAsync(MemberRow.Number(2), version: 2));
        Assert.False(await queries.InsertAsync(first with { SiloName = "again" }, version: 1));
        Assert.False(await queries.InsertAsync(MemberRow.Number(2), version: 0, "no such cluster"));
        (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
        Assert.Equal(1, version);
        Assert.Equal(first, Assert.Single(rows));
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Update_AtTheVersionRead_ChangesStatusSuspectsAndTime(StoreKind kind)
    {
        MemberRow row = new();
        (TestStore made, StoredQueries queries) = await JoinedAsync(kind, row, MemberRow.Number(2));
        await using TestStore store = made;

        MemberRow changed = row with { Status = MemberRow.Active, SuspectTimes = "10.0.0.2:1@1,2030-05-06", IAmAliveTime = MemberRow.Start.AddSeconds(5) };
        Assert.True(await queries.UpdateAsync(changed with { SiloName = "not written", ProxyPort = 1 }, version: 2));
        (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
        Assert.Equal(3, version);
        Assert.Equal([changed, MemberRow.Number(2)], rows.OrderBy(found => found.Port));

        // The same again is a change of membership too: what counts is that somebody wrote.
        Assert.True(await queries.UpdateAsync(changed with { SuspectTimes = null }, version: 3));
        (version, rows) = await queries.ReadRowAsync(row);
        Assert.Equal(4, version);
        Assert.Null(Assert.Single(rows).SuspectTimes);
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Update_AtAnotherVersionOrOfASiloThatIsNotThere_IsRefusedWhole(StoreKind kind)
    {
        MemberRow row = new();
        (TestStore made, StoredQueries queries) = await JoinedAsync(kind, row);
        await using TestStore store = made;

        Assert.False(await queries.UpdateAsync(row with { Status = MemberRow.Dead }, version: 0));
        Assert.False(await queries.UpdateAsync(row with { Status = MemberRow.Dead }, version: 2));
        Assert.False(await queries.UpdateAsync(row with { Generation = 7 }, version: 1));
        Assert.False(await queries.UpdateAsync(row with { Status = MemberRow.Dead }, version: 1, "no such cluster"));
        (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
        Assert.Equal(1, version);
        Assert.Equal(row, Assert.Single(rows));
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task ReportAlive_OfOneSilo_ChangesItsTimeButNotTheVersion(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await JoinedAsync(kind, MemberRow.Number(1), MemberRow.Number(2));
        await using TestStore store = made;

        DateTime later = MemberRow.Start.AddMinutes(1);
        await queries.ReportAliveAsync(MemberRow.Number(1), later);
        await queries.ReportAliveAsync(MemberRow.Number(3), later);
        (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
        Assert.Equal(2, version);
        Assert.Equal([MemberRow.Number(1) with { IAmAliveTime = later }, MemberRow.Number(2)], rows.OrderBy(row => row.Port));
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Gateways_OfACluster_AreItsActiveSilosThatTakeClients(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await JoinedAsync(
            kind,
            MemberRow.Number(1) with { Status = MemberRow.Active },
            MemberRow.Number(2) with { Status = MemberRow.Active, ProxyPort = 0 },
            MemberRow.Number(3) with { Status = MemberRow.Joining },
            MemberRow.Number(4) with { Status = MemberRow.Dead },
            MemberRow.Number(5) with { Status = MemberRow.Active, Address = "10.0.0.5", ProxyPort = 30005, Generation = 5 });
        await using TestStore store = made;
        await queries.InsertVersionAsync("other");
        Assert.True(await queries.InsertAsync(MemberRow.Number(6) with { Status = MemberRow.Active }, 0, "other"));

        Assert.Equal(["10.0.0.1:30000/270000001", "10.0.0.5:30005/5"], (await queries.GatewaysAsync()).Order());
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Delete_OfACluster_LeavesTheOthers(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await JoinedAsync(kind, MemberRow.Number(1), MemberRow.Number(2));
        await using TestStore store = made;
        await queries.InsertVersionAsync("other");
        Assert.True(await queries.InsertAsync(MemberRow.Number(3), 0, "other"));

        await queries.DeleteAsync();
        Assert.True(await queries.InsertVersionAsync());
        (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
        Assert.Equal(0, version);
        Assert.Empty(rows);
        (version, rows) = await queries.ReadAllAsync("other");
        Assert.Equal(1, version);
        Assert.Equal(MemberRow.Number(3), Assert.Single(rows));
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task CleanUp_BeforeATime_DeletesTheOldThatAreNotActive(StoreKind kind)
    {
        DateTime before = MemberRow.Start.AddHours(1);
        MemberRow[] kept =
        [
            MemberRow.Number(1) with { Status = MemberRow.Active },
            MemberRow.Number(2) with { Status = MemberRow.Dead, IAmAliveTime = before },
            MemberRow.Number(3) with { Status = MemberRow.Dead, IAmAliveTime = before.AddMilliseconds(100) },
            MemberRow.Number(4) with { Status = MemberRow.Joining, StartTime = before.AddSeconds(1) },
        ];
        (TestStore made, StoredQueries queries) = await JoinedAsync(
            kind,
            [
                .. kept,
                MemberRow.Number(5) with { Status = MemberRow.Dead, IAmAliveTime = before.AddMilliseconds(-1) },
                MemberRow.Number(6) with { Status = MemberRow.ShuttingDown },
            ]);
        await using TestStore store = made;

        await queries.CleanUpAsync(before);
        (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
        Assert.Equal(6, version);
        Assert.Equal(kept, rows.OrderBy(row => row.Port));
    }

    private async Task<(TestStore Made, StoredQueries Queries)> JoinedAsync(StoreKind kind, params MemberRow[] rows)
    {
        (TestStore made, StoredQueries queries) = await TestStore.ReadyAsync(kind, server);
        await queries.InsertVersionAsync();
        for (int version = 0; version < rows.Length; version++)
        {
            Assert.True(await queries.InsertAsync(rows[version], version));
        }

        return (made, queries);
    }
}
