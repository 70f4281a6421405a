using Halo.EndToEnd.Tests.Boards;

namespace Halo.EndToEnd.Tests.Silos;

/// <summary>Three silos and a gateway serve one model, with their membership in SQLite or in PostgreSQL.</summary>
[Collection(BoardTests.Name)]
public sealed class ServingTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [SiloTheory]
    [InlineData("sqlite")]
    [PostgresData("postgres")]
    public async Task Complete_OverThreeSilos_GivesReferenceTextAndWeightsGoWhereNoFileIs(string kind)
    {
        await using Fleet fleet = await Fleet.StartAsync(store: kind == "sqlite" ? null : await postgres.CreateDatabaseAsync());
        Assert.Equal(Story.Text, await fleet.Gateway.CompleteAsync(Story.Tokens));
        Assert.Equal(Story.Text, await fleet.Gateway.StreamedTextAsync(Story.Tokens));

        IReadOnlyDictionary<string, BoardSight> boards = await fleet.LookAsync();
        Assert.Equal(["b1", "b2", "b3"], boards.Keys.Order());
        Assert.Equal("b1", boards.Values.Single(board => board.IsHead).Name);
        Assert.All(boards.Values, board => Assert.True(board.Shards > 0, $"{board} holds nothing."));
        Assert.All(["b1", "b2"], name => Assert.Equal(0, boards[name].ReceivedWeightBytes));
        Assert.True(boards["b3"].ReceivedWeightBytes > 0, "b3 has no file and was sent nothing.");
        Assert.All(fleet.Silos.Values, silo => Assert.Equal("", silo.Program.Errors));
    }
}
