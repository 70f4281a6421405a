using System.Collections.Concurrent;
using System.Globalization;

namespace Halo.Silo.Tests.Clustering;

/// <summary>Many silos that change the table at once, each with connections of its own.</summary>
public sealed class ContentionTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private const int Writers = 8;
    private const int Rounds = 1000;

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Insert_OfEightAtOnce_LetsAllInOneByOne(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await TestStore.ReadyAsync(kind, server);
        await using TestStore store = made;

        bool[] first = await AtOnce(_ => queries.InsertVersionAsync());
        Assert.Single(first, made => made);
        int[] versions = await AtOnce(writer => ChangeAsync(queries, version => queries.InsertAsync(MemberRow.Number(writer), version)));

        (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
        Assert.Equal(Writers, version);
        Assert.Equal(Enumerable.Range(1, Writers), versions.Order());
        Assert.Equal(Enumerable.Range(0, Writers).Select(MemberRow.Number), rows.OrderBy(row => row.Port));
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Insert_OfOneSiloByEight_LetsOneIn(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await TestStore.ReadyAsync(kind, server);
        await using TestStore store = made;
        await queries.InsertVersionAsync();

        bool[] done = await AtOnce(_ => queries.InsertAsync(new MemberRow(), version: 0));

        Assert.Single(done, inserted => inserted);
        Assert.Equal(1, (await queries.ReadAllAsync()).Version);
    }

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [PostgresData(StoreKind.Postgres)]
    public async Task Update_OfEightWritersForAThousandRounds_LosesNone(StoreKind kind)
    {
        (TestStore made, StoredQueries queries) = await TestStore.ReadyAsync(kind, server);
        await using TestStore store = made;
        await queries.InsertVersionAsync();
        for (int writer = 0; writer < Writers; writer++)
        {
            Assert.True(await queries.InsertAsync(MemberRow.Number(writer), writer));
        }

        ConcurrentBag<int> versions = [];
        using CancellationTokenSource over = new();
        Task alive = Task.Run(() => StayAliveAsync(queries, over.Token));
        await AtOnce(async writer =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                MemberRow row = MemberRow.Number(writer) with { Status = MemberRow.Active, SuspectTimes = Text(round) };
                versions.Add(await ChangeAsync(queries, version => queries.UpdateAsync(row, version), writer, round - 1));
            }

            return true;
        });
        await over.CancelAsync();
        await alive;

        (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
        Assert.Equal(Writers * (Rounds + 1), version);
        Assert.Equal(Enumerable.Range(Writers + 1, Writers * Rounds), versions.Order());
        Assert.All(rows, row => Assert.Equal((MemberRow.Active, Text(Rounds)), (row.Status, row.SuspectTimes!)));
        Assert.Equal(Writers, rows.Count);
    }

    /// <summary>Reads and changes until it is done at the version that was read.</summary>
    /// <returns>The version after the change.</returns>
    private static async Task<int> ChangeAsync(StoredQueries queries, Func<int, Task<bool>> change, int writer = -1, int lastRound = 0)
    {
        while (true)
        {
            (int version, List<MemberRow> rows) = await queries.ReadAllAsync();
            if (lastRound > 0)
            {
                // Nobody else writes this row: what was written last must be there.
                Assert.Equal(Text(lastRound), rows.Single(row => row.Port == MemberRow.Number(writer).Port).SuspectTimes);
            }

            if (await change(version))
            {
                return version + 1;
            }
        }
    }

    private static async Task StayAliveAsync(StoredQueries queries, CancellationToken over)
    {
        for (int beat = 0; !over.IsCancellationRequested; beat++)
        {
            await queries.ReportAliveAsync(MemberRow.Number(beat % Writers), MemberRow.Start.AddSeconds(beat));
        }
    }

    private static string Text(int round) => round.ToString(CultureInfo.InvariantCulture);

    private static async Task<T[]> AtOnce<T>(Func<int, Task<T>> act)
    {
        using Barrier start = new(Writers);
        return await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                return act(writer);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default).Unwrap()));
    }
}
