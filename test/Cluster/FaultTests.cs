namespace Halo.Cluster.Tests;

/// <summary>What becomes of exceptions on their way to the caller.</summary>
public sealed class FaultTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private const string Remote = "Silo_1";

    [Fact]
    public async Task Throw_MarkedException_ArrivesWithItsFieldsAndCause()
    {
        IFaultGrain grain = fixture.New<IFaultGrain>();
        AssertIsWhole(await Assert.ThrowsAsync<MarkedException>(() => grain.ThrowMarked("as it was", 42)));
    }

    [Theory]
    [InlineData("Silo_0")]
    [InlineData(Remote)]
    public async Task Throw_MarkedExceptionThroughAnotherGrain_ArrivesWithItsFieldsAndCause(string siloName)
    {
        IFaultGrain thrower = fixture.New<IFaultGrain>(siloName: siloName);
        IFaultGrain relay = fixture.New<IFaultGrain>();
        AssertIsWhole(await Assert.ThrowsAsync<MarkedException>(() => relay.ThrowThrough(thrower, "as it was", 42)));
    }

    [Fact]
    public async Task Stream_ProducerThrowsMarkedException_ArrivesAfterTheElements()
    {
        await using IAsyncEnumerator<int> numbers = fixture.New<IFaultGrain>().StreamMarked("as it was", 42).GetAsyncEnumerator();
        Assert.True(await numbers.MoveNextAsync());
        AssertIsWhole(await Assert.ThrowsAsync<MarkedException>(async () => await numbers.MoveNextAsync()));
    }

    // The fixture names its namespace; upstream nobody would learn anything of it otherwise.
    [Fact]
    public async Task Throw_UnmarkedException_ArrivesAsItselfWithItsMessage()
    {
        Exception fault = await Assert.ThrowsAnyAsync<Exception>(() => fixture.New<IFaultGrain>().ThrowUnmarked("as it was"));
        Assert.Equal("UnmarkedException: as it was", $"{fault.GetType().Name}: {fault.Message}");
    }

    [Theory]
    [InlineData("Silo_0")]
    [InlineData(Remote)]
    public async Task Throw_UnmarkedExceptionBetweenGrains_ArrivesAsItselfWithItsMessage(string siloName)
    {
        IFaultGrain thrower = fixture.New<IFaultGrain>(siloName: siloName);
        Assert.Equal(
            "UnmarkedException: as it was", await fixture.New<IFaultGrain>().CatchUnmarked(thrower, "as it was"));
    }

    [Fact]
    public async Task Stream_ProducerThrowsUnmarkedException_ArrivesAsItselfWithItsMessage()
    {
        await using IAsyncEnumerator<int> numbers = fixture.New<IFaultGrain>().StreamUnmarked("as it was").GetAsyncEnumerator();
        Assert.True(await numbers.MoveNextAsync());
        Exception fault = await Assert.ThrowsAnyAsync<Exception>(async () => await numbers.MoveNextAsync());
        Assert.Equal("UnmarkedException: as it was", $"{fault.GetType().Name}: {fault.Message}");
    }

    private static void AssertIsWhole(MarkedException fault)
    {
        Assert.Equal("as it was", fault.Message);
        Assert.Equal(42, fault.Code);
        Assert.Equal(["a", "b"], fault.Names);
        Assert.Equal("the cause", Assert.IsType<InvalidOperationException>(fault.InnerException).Message);
    }
}
